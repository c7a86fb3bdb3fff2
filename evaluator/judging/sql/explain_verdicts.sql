-- What the policies said of an item at a time, each with the last evaluation by then and the policy's content of that evaluation; a stage's certificate is the one that it named then.
SELECT
    p.policy_id,
    c.status,
    c.name AS condition,
    report.filled_in(c.message, i.account_id, i.region, i.api_id, i.api_name, i.stage_name,
                     named.client_certificate_id, i.name, report.listed(r.subjects, r.subject_count)) AS message,
    report.filled_in(c.remediation, i.account_id, i.region, i.api_id, i.api_name, i.stage_name,
                     named.client_certificate_id, i.name, report.listed(r.subjects, r.subject_count)) AS remediation,
    r.valid_from,
    r.valid_to,
    r.status_since,
    r.episode_since,
    r.subjects,
    r.subject_count,
    e.as_of AS evaluated_at,
    e.max_staleness,
    v.content_hash,
    v.definition
FROM (
    SELECT policy_key, item_id, valid_from, NULL::timestamptz AS valid_to, condition_key, status_since,
           episode_since, subjects, subject_count
    FROM compliance.record
    UNION ALL
    SELECT policy_key, item_id, valid_from, valid_to, condition_key, status_since, episode_since, subjects,
           subject_count
    FROM compliance.record_closed
) AS r
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN compliance.condition AS c ON c.condition_key = r.condition_key
JOIN report.item_identity AS i ON i.item_id = r.item_id
CROSS JOIN LATERAL (
    SELECT e.as_of, e.max_staleness, e.policy_version_id
    FROM compliance.evaluation AS e
    WHERE e.policy_key = r.policy_key AND (%(as_of)s::timestamptz IS NULL OR e.as_of <= %(as_of)s)
    ORDER BY e.as_of DESC, e.run_id DESC
    LIMIT 1
) AS e
JOIN compliance.policy_version AS v ON v.policy_version_id = e.policy_version_id
LEFT JOIN LATERAL (
    SELECT s.client_certificate_id, s.valid_from FROM cmdb.stage AS s
    WHERE s.item_id = r.item_id AND s.valid_from <= e.as_of
    UNION ALL
    SELECT x.client_certificate_id, x.valid_from
    FROM cmdb.stage_closed AS x
    WHERE x.item_id = r.item_id AND x.valid_from <= e.as_of AND x.superseded_at > e.as_of
    UNION ALL
    SELECT s.client_certificate_id, s.valid_from FROM cmdb.api_stage AS s
    WHERE s.item_id = r.item_id AND s.valid_from <= e.as_of
    UNION ALL
    SELECT x.client_certificate_id, x.valid_from
    FROM cmdb.api_stage_closed AS x
    WHERE x.item_id = r.item_id AND x.valid_from <= e.as_of AND x.superseded_at > e.as_of
    ORDER BY valid_from DESC
    LIMIT 1
) AS named ON true
WHERE r.item_id = %(item_id)s
  AND (%(policies)s::text[] IS NULL OR p.policy_id = ANY (%(policies)s))
  AND (%(as_of)s::timestamptz IS NULL AND r.valid_to IS NULL
       OR r.valid_from <= %(as_of)s AND (r.valid_to IS NULL OR r.valid_to > %(as_of)s))
ORDER BY p.policy_id
