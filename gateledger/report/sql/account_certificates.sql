-- Certificates of every account that have expired or expire within some days, the soonest of each account.
SELECT account_id, region, kind, certificate_id, expires_at, days_left, stages_using
FROM (
    SELECT account_id, region, kind, certificate_id, expires_at, days_left, stages_using,
           row_number() OVER (
               PARTITION BY account_id ORDER BY stages_using = 0, days_left, region, certificate_id
           ) AS place
    FROM report.certificate
    WHERE days_left <= %(days)s
) AS c
WHERE place <= %(limit)s
ORDER BY account_id, place
