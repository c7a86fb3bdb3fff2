-- Certificates that have expired or expire within some days; those that stages name first.
SELECT kind, certificate_id, account_id, account_name, region, expires_at, days_left, stages_using,
       count(*) OVER () AS total, count(*) FILTER (WHERE stages_using > 0) OVER () AS total_in_use
FROM report.certificate
WHERE days_left <= %(days)s
ORDER BY stages_using = 0, days_left, account_id, region, certificate_id
LIMIT %(limit)s
