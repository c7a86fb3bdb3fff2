-- Ended episodes with names for keys.
SELECT p.policy_id, e.item_id, e.started_at, e.ended_at, e.account_region_id, e.outcome
FROM compliance.episode AS e
JOIN compliance.policy AS p ON p.policy_key = e.policy_key
