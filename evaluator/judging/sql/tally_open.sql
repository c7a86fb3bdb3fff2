-- Open the counts that differ from the ones before.
INSERT INTO compliance.tally (policy_key, account_region_id, condition_key, valid_from, items)
SELECT %(policy_key)s, n.account_region_id, n.condition_key, %(as_of)s, n.items
FROM pg_temp.counted AS n
WHERE n.items > 0
ON CONFLICT (policy_key, account_region_id, condition_key) WHERE valid_to IS NULL DO NOTHING
