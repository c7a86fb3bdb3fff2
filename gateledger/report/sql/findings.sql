-- The findings that the table lists, worst and longest first. All are ranked by keys alone down to their account and
-- region; names and texts are read, by key, for those few that may be listed.
WITH ranked AS (
    SELECT v.policy_id, v.item_id,
           rank() OVER (ORDER BY array_position(%(order)s::text[], v.status), v.since, a.place) AS place
    FROM report.verdict AS v
    JOIN report.item_region AS i ON i.item_id = v.item_id AND i.valid_to IS NULL
    JOIN report.account_region AS a ON a.account_region_id = i.account_region_id
),
foremost AS MATERIALIZED (
    SELECT policy_id, item_id FROM ranked WHERE place <= %(limit)s
)
SELECT f.policy_id, f.resource_arn, f.account_id, f.account_name, f.region, f.rest_api_id, f.rest_api_name,
       f.stage_name, f.client_certificate_id, f.status, f.condition, f.message, f.remediation, f.since,
       f.evidence_at, f.item_id, f.item_type, f.owner, f.exception_id, f.exception_until,
       f.served_changes
FROM foremost AS w
JOIN report.finding AS f ON f.policy_id = w.policy_id AND f.item_id = w.item_id
WHERE f.item_id = ANY (ARRAY(SELECT item_id FROM foremost))
ORDER BY array_position(%(order)s::text[], f.status), f.since, f.account_id, f.region, f.rest_api_id,
         f.stage_name, f.policy_id
LIMIT %(limit)s
