-- Judge all stages in one pass: counts per account-region and condition, and the stages whose record differs.
WITH {relations}
SELECT v.account_region_id, v.condition, count(*) AS stages,
       array_agg(v.stage_id) FILTER (WHERE r.condition_key IS DISTINCT FROM c.condition_key) AS changed,
       array_agg(v.stage_id) FILTER (
           WHERE r.condition_key = c.condition_key AND r.recheck_at IS DISTINCT FROM v.recheck_at
       ) AS moved
FROM ({logic}) AS v
JOIN compliance.condition AS c
    ON c.policy_key = %(policy_key)s AND c.name = v.condition AND c.condition_key = ANY(%(conditions)s)
LEFT JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.stage_id = v.stage_id
GROUP BY v.account_region_id, v.condition
