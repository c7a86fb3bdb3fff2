-- Judge all items in one pass: counts per account-region and condition, and the items whose record differs.
WITH {relations}
SELECT v.account_region_id, v.condition_key, count(*) AS items,
       array_agg(v.item_id) FILTER (WHERE {differs}) AS differing
FROM (
    SELECT w.item_id, w.account_region_id, w.condition_key, w.recheck_at, {subjects} AS subjects,
           r.condition_key AS condition_before, r.recheck_at AS recheck_before, r.subjects AS subjects_before,
           r.subject_count AS count_before
    FROM ({logic}) AS w
    LEFT JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.item_id = w.item_id
    {once}
) AS v
GROUP BY v.account_region_id, v.condition_key
