-- End the incompliant episodes of items that are now compliant, inapplicable or gone.
INSERT INTO compliance.episode (policy_key, item_id, started_at, ended_at, account_region_id, outcome)
SELECT r.policy_key, r.item_id, r.episode_since, %(as_of)s, v.account_region_id, c.status
FROM pg_temp.verdict AS v
JOIN compliance.condition AS c ON c.condition_key = v.condition_key
JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.item_id = v.item_id
WHERE r.episode_since IS NOT NULL AND c.status IN ('COMPLIANT', 'INAPPLICABLE', 'DISAPPEARED')
