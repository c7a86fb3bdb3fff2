-- Close counts that are no longer right.
UPDATE compliance.tally AS t
SET valid_to = %(as_of)s
WHERE t.policy_key = %(policy_key)s AND t.valid_to IS NULL
  AND NOT EXISTS (
      SELECT FROM pg_temp.counted AS n
      WHERE n.account_region_id = t.account_region_id AND n.condition_key = t.condition_key
        AND n.items = t.items
  )
