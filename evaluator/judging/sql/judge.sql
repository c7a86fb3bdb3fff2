-- Judge all items in one pass: counts per account-region and condition, and the items whose record differs.
WITH {relations}
SELECT v.account_region_id, v.condition_key, count(*) AS items,
       array_agg(v.item_id) FILTER (WHERE {differs}) AS differing
FROM ({logic}) AS v
LEFT JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.item_id = v.item_id
GROUP BY v.account_region_id, v.condition_key
