-- Incompliant episodes of a stage under a policy, ended ones and the one that goes on.
SELECT e.started_at, e.ended_at, e.outcome
FROM (
    SELECT policy_key, item_id, started_at, ended_at, outcome FROM compliance.episode
    UNION ALL
    SELECT policy_key, item_id, episode_since, NULL, NULL
    FROM compliance.record
    WHERE episode_since IS NOT NULL
) AS e
JOIN compliance.policy AS p ON p.policy_key = e.policy_key
WHERE p.policy_id = %(policy_id)s
  AND e.item_id IN (
      SELECT item_id FROM report.finding_history
      WHERE account_id = %(account_id)s AND resource_arn = %(resource_arn)s
  )
ORDER BY e.started_at
