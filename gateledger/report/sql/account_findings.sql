-- Findings of every account that somebody has to act on, the worst and longest of each; texts are made for these alone.
SELECT f.account_id, f.policy_id, f.region, f.rest_api_id, f.rest_api_name, f.stage_name, f.status, f.condition,
       f.message, f.since, f.resource_arn, f.item_type, f.owner, f.exception_id
FROM (
    SELECT account_id, policy_id, item_id,
           row_number() OVER (PARTITION BY account_id ORDER BY status, since, item_id, policy_id) AS place
    FROM report.finding
    WHERE status IN ('INCOMPLIANT', 'UNDETERMINED')
) AS listed
CROSS JOIN LATERAL (
    SELECT account_id, policy_id, region, rest_api_id, rest_api_name, stage_name, status, condition, message, since,
           resource_arn, item_type, owner, exception_id
    FROM report.finding
    WHERE policy_id = listed.policy_id AND item_id = listed.item_id
    OFFSET 0
) AS f
WHERE listed.place <= %(limit)s
ORDER BY f.account_id, listed.place
