-- What the last evaluation changed, by where and how over all policies, worst first, with the status before (null: new),
-- how many items and policies that was, and one of each.
WITH latest AS (
    SELECT policy_id, item_id, account_id, account_name, region, rest_api_id, stage_name, status, condition,
           resource_arn, item_type
    FROM report.finding_history
    WHERE valid_from = %(as_of)s AND valid_to IS NULL AND since = %(as_of)s
)
SELECT latest.account_id, latest.account_name, latest.region, earlier.status AS before, latest.status AS after,
       count(DISTINCT latest.item_id) AS items, count(DISTINCT latest.policy_id) AS policies,
       min(latest.policy_id) AS policy_id, min(latest.condition) AS condition,
       count(DISTINCT latest.condition) AS conditions, min(latest.stage_name) AS stage_name,
       min(latest.rest_api_id) AS rest_api_id, min(latest.resource_arn) AS resource_arn,
       min(latest.item_type) AS item_type
FROM latest
LEFT JOIN report.finding_history AS earlier
    ON earlier.policy_id = latest.policy_id AND earlier.item_id = latest.item_id
    AND earlier.valid_to = %(as_of)s
WHERE earlier.status IS DISTINCT FROM latest.status
GROUP BY latest.account_id, latest.account_name, latest.region, earlier.status, latest.status
ORDER BY array_position(%(order)s::text[], latest.status), count(*) DESC, latest.account_id, latest.region,
         earlier.status
LIMIT %(limit)s
