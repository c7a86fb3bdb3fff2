-- Counts with names for keys.
SELECT p.policy_id, t.account_region_id, c.name, t.valid_from, t.valid_to, t.items
FROM compliance.tally AS t
JOIN compliance.policy AS p ON p.policy_key = t.policy_key
JOIN compliance.condition AS c ON c.condition_key = t.condition_key
