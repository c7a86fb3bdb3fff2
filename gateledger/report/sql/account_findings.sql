-- Findings of every account that somebody has to act on, the worst and longest of each account.
SELECT account_id, policy_id, region, rest_api_id, rest_api_name, stage_name, status, condition, message, since
FROM (
    SELECT account_id, policy_id, region, rest_api_id, rest_api_name, stage_name, status, condition, message,
           since,
           row_number() OVER (
               PARTITION BY account_id
               ORDER BY status, since, region, rest_api_id, stage_name, policy_id
           ) AS place
    FROM report.finding
    WHERE status IN ('INCOMPLIANT', 'UNDETERMINED')
) AS f
WHERE place <= %(limit)s
ORDER BY account_id, place
