-- Certificates that expire within so many days, or have, and the live stages that name them.
SELECT c.certificate_id, c.kind, c.account_id, c.region, c.expires_at, c.days_left, c.stages_using,
       coalesce(array_agg(s.resource_arn ORDER BY s.resource_arn) FILTER (WHERE s.resource_arn IS NOT NULL), '{}')
           AS stages
FROM report.certificate AS c
LEFT JOIN report.stage_history AS s
    ON s.account_id = c.account_id AND s.region = c.region AND s.client_certificate_id = c.certificate_id
    AND s.valid_to IS NULL
WHERE c.state = 'PRESENT' AND c.days_left < %(within)s
  AND (%(accounts)s::text[] IS NULL OR c.account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR c.region = ANY (%(regions)s))
GROUP BY c.certificate_id, c.kind, c.account_id, c.region, c.expires_at, c.days_left, c.stages_using
ORDER BY c.expires_at, c.account_id, c.region, c.certificate_id
