-- Judge all stages in one pass: counts per account-region and condition, and the stages whose record differs.
WITH {relations}
SELECT v.account_region_id, v.condition, count(*) AS stages,
       array_agg(v.stage_id) FILTER (
           WHERE r.condition_key IS DISTINCT FROM v.condition OR r.recheck_at IS DISTINCT FROM v.recheck_at
       ) AS differing
FROM ({logic}) AS v
LEFT JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.stage_id = v.stage_id
GROUP BY v.account_region_id, v.condition
