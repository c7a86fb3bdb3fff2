-- What the policies said of a stage at a time, each with the last evaluation by then and the policy's content of that evaluation.
SELECT
    p.policy_id,
    c.status,
    c.name AS condition,
    report.filled_in(c.message, a.account_id, ar.region, api.rest_api_id, api.name, s.stage_name,
                     named.client_certificate_id) AS message,
    report.filled_in(c.remediation, a.account_id, ar.region, api.rest_api_id, api.name, s.stage_name,
                     named.client_certificate_id) AS remediation,
    r.valid_from,
    r.valid_to,
    r.status_since,
    r.episode_since,
    e.as_of AS evaluated_at,
    e.max_staleness,
    v.content_hash,
    v.definition
FROM (
    SELECT policy_key, stage_id, valid_from, NULL::timestamptz AS valid_to, condition_key, status_since,
           episode_since
    FROM compliance.record
    UNION ALL
    SELECT policy_key, stage_id, valid_from, valid_to, condition_key, status_since, episode_since
    FROM compliance.record_closed
) AS r
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN compliance.condition AS c ON c.condition_key = r.condition_key
JOIN cmdb.stage AS s ON s.stage_id = r.stage_id
JOIN cmdb.rest_api AS api ON api.rest_api_key = s.rest_api_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
CROSS JOIN LATERAL (
    SELECT e.as_of, e.max_staleness, e.policy_version_id
    FROM compliance.evaluation AS e
    WHERE e.policy_key = r.policy_key AND (%(as_of)s::timestamptz IS NULL OR e.as_of <= %(as_of)s)
    ORDER BY e.as_of DESC, e.run_id DESC
    LIMIT 1
) AS e
JOIN compliance.policy_version AS v ON v.policy_version_id = e.policy_version_id
CROSS JOIN LATERAL (
    SELECT client_certificate_id, valid_from FROM cmdb.stage WHERE stage_id = r.stage_id AND valid_from <= e.as_of
    UNION ALL
    SELECT client_certificate_id, valid_from
    FROM cmdb.stage_closed
    WHERE stage_id = r.stage_id AND valid_from <= e.as_of AND superseded_at > e.as_of
    ORDER BY valid_from DESC
    LIMIT 1
) AS named
WHERE r.stage_id = %(stage_id)s
  AND (%(policies)s::text[] IS NULL OR p.policy_id = ANY (%(policies)s))
  AND (%(as_of)s::timestamptz IS NULL AND r.valid_to IS NULL
       OR r.valid_from <= %(as_of)s AND (r.valid_to IS NULL OR r.valid_to > %(as_of)s))
ORDER BY p.policy_id
