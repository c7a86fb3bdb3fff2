-- Note the nights as evaluated, all with what the policy is today; items that changed with each.
INSERT INTO compliance.evaluation
    (policy_key, run_id, as_of, policy_version_id, mode, items, changed, max_staleness)
SELECT %(policy_key)s, w.run_id, w.as_of, %(policy_version_id)s, 'backfill',
       sum(coalesce(c.judged, 0)) OVER (ORDER BY w.n), coalesce(c.changed, 0), %(max_staleness)s
FROM night AS w
LEFT JOIN (
    SELECT n, count(*) AS changed, count(*) FILTER (WHERE condition_before IS NULL) AS judged
    FROM island GROUP BY n
) AS c ON c.n = w.n
WHERE w.run_id <> %(run_id)s
