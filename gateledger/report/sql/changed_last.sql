-- What the last evaluation changed, by where and how, worst first, with the status before (null: new) and one stage of each.
WITH latest AS (
    SELECT policy_id, item_id, account_id, account_name, region, rest_api_id, stage_name, status, condition
    FROM report.finding_history
    WHERE valid_from = %(as_of)s AND valid_to IS NULL AND since = %(as_of)s
)
SELECT latest.policy_id, latest.account_id, latest.account_name, latest.region, earlier.status AS before,
       latest.status AS after, latest.condition, count(*) AS findings, min(latest.stage_name) AS stage_name,
       min(latest.rest_api_id) AS rest_api_id
FROM latest
LEFT JOIN report.finding_history AS earlier
    ON earlier.policy_id = latest.policy_id AND earlier.item_id = latest.item_id
    AND earlier.valid_to = %(as_of)s
WHERE earlier.status IS DISTINCT FROM latest.status
GROUP BY latest.policy_id, latest.account_id, latest.account_name, latest.region, earlier.status, latest.status,
         latest.condition
ORDER BY array_position(%(order)s::text[], latest.status), count(*) DESC, latest.account_id, latest.region,
         latest.policy_id, earlier.status, latest.condition
LIMIT %(limit)s
