-- Verdicts with their evidence, for the items whose record differs, beside what the record says.
INSERT INTO pg_temp.verdict
    (item_id, account_region_id, condition_key, condition_before, is_same, recheck_at, evidence, subjects, subject_count)
WITH {relations}
SELECT v.item_id, v.account_region_id, v.condition_key, r.condition_key, coalesce(NOT ({changed}), false), v.recheck_at,
       {evidence}, v.subjects[1:20], cardinality(v.subjects)
FROM ({logic}) AS v
LEFT JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.item_id = v.item_id
WHERE ({differs})
  {restriction}
