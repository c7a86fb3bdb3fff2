-- Close counts that verdicts changed.
UPDATE compliance.tally AS t
SET valid_to = %(as_of)s
FROM pg_temp.counted AS n
WHERE t.policy_key = %(policy_key)s AND t.account_region_id = n.account_region_id
  AND t.condition_key = n.condition_key AND t.valid_to IS NULL AND t.items <> n.items
