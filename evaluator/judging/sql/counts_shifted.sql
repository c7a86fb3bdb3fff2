-- Counts of the account-regions and conditions that verdicts touch, as they are with these verdicts.
INSERT INTO pg_temp.counted (account_region_id, condition_key, items)
SELECT d.account_region_id, d.condition_key, coalesce(max(t.items), 0) + sum(d.items)
FROM (
    SELECT v.account_region_id, v.condition_key, 1 AS items FROM pg_temp.verdict AS v
    UNION ALL
    SELECT v.account_region_id, v.condition_before, -1
    FROM pg_temp.verdict AS v WHERE v.condition_before IS NOT NULL
) AS d
LEFT JOIN compliance.tally AS t
    ON t.policy_key = %(policy_key)s AND t.account_region_id = d.account_region_id
    AND t.condition_key = d.condition_key AND t.valid_to IS NULL
GROUP BY d.account_region_id, d.condition_key
