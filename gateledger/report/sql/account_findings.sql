-- Findings of every account that somebody has to act on, the worst and longest of each. All are ranked by keys alone;
-- names and texts are read, by key, for those that are listed.
WITH ranked AS (
    SELECT v.policy_id, v.item_id,
           row_number() OVER (
               PARTITION BY a.account_id ORDER BY v.status, v.since, v.item_id, v.policy_id
           ) AS place
    FROM report.verdict AS v
    JOIN report.item_region AS i ON i.item_id = v.item_id AND i.valid_to IS NULL
    JOIN report.account_region AS a ON a.account_region_id = i.account_region_id
    WHERE v.status IN ('INCOMPLIANT', 'UNDETERMINED')
),
listed AS MATERIALIZED (
    SELECT policy_id, item_id, place FROM ranked WHERE place <= %(limit)s
)
SELECT f.account_id, f.policy_id, f.region, f.rest_api_id, f.rest_api_name, f.stage_name, f.status, f.condition,
       f.message, f.since, f.resource_arn, f.item_type, f.owner, f.exception_id
FROM listed AS w
JOIN report.finding AS f ON f.policy_id = w.policy_id AND f.item_id = w.item_id
WHERE f.item_id = ANY (ARRAY(SELECT item_id FROM listed))
ORDER BY f.account_id, w.place
