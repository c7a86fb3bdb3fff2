-- Items that are incompliant for the longest time, some of every policy. All are ranked by keys alone down to their
-- account and region; names are read, by key, for those few that may be listed.
WITH ranked AS (
    SELECT v.policy_id, v.item_id,
           rank() OVER (PARTITION BY v.policy_id ORDER BY v.episode_since, a.place) AS place
    FROM report.verdict AS v
    JOIN report.item_region AS i ON i.item_id = v.item_id AND i.valid_to IS NULL
    JOIN report.account_region AS a ON a.account_region_id = i.account_region_id
    WHERE v.status = 'INCOMPLIANT'
),
foremost AS MATERIALIZED (
    SELECT policy_id, item_id FROM ranked WHERE place <= %(limit)s
)
SELECT policy_id, account_id, account_name, region, rest_api_id, rest_api_name, stage_name, condition, since,
       episode_since, resource_arn, item_type, owner, exception_id
FROM (
    SELECT f.policy_id, f.account_id, f.account_name, f.region, f.rest_api_id, f.rest_api_name, f.stage_name,
           f.condition, f.since, f.episode_since, f.resource_arn, f.item_type, f.owner, f.exception_id,
           row_number() OVER (
               PARTITION BY f.policy_id
               ORDER BY f.episode_since, f.account_id, f.region, f.rest_api_id, f.stage_name, f.resource_arn
           ) AS place
    FROM foremost AS w
    JOIN report.finding AS f ON f.policy_id = w.policy_id AND f.item_id = w.item_id
    WHERE f.item_id = ANY (ARRAY(SELECT item_id FROM foremost))
) AS listed
WHERE place <= %(limit)s
ORDER BY policy_id, place
