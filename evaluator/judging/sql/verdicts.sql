-- Verdicts with their evidence, for the items whose record differs, beside what the record says.
INSERT INTO pg_temp.verdict
    (item_id, account_region_id, condition_key, condition_before, is_same, recheck_at, evidence, subjects, subject_count)
WITH {relations}
SELECT v.item_id, v.account_region_id, v.condition_key, v.condition_before, coalesce(NOT ({changed}), false),
       v.recheck_at, v.evidence, {kept}
FROM (
    SELECT w.item_id, w.account_region_id, w.condition_key, w.recheck_at, {subjects} AS subjects,
           array_to_string({evidence}, ' ') AS evidence,
           r.condition_key AS condition_before, r.recheck_at AS recheck_before, r.subjects AS subjects_before,
           r.subject_count AS count_before
    FROM ({logic}) AS w
    LEFT JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.item_id = w.item_id
    {restriction}
    {once}
) AS v
WHERE {differs}
