-- Exceptions that end within some days, ended since the evaluation before the last, match nothing, or cover nothing any longer.
SELECT e.exception_id, e.owner, e.valid_until, k.kind,
       CASE k.kind
           WHEN 'ended' THEN true
           WHEN 'ends soon' THEN coalesce(e.valid_until > n.before + %(soon)s, true)
           ELSE false
       END AS is_new
FROM report.exception AS e
CROSS JOIN report.exception_moment AS m
CROSS JOIN (
    SELECT max(as_of) AS before
    FROM compliance.evaluation
    WHERE as_of < (SELECT max(as_of) FROM compliance.evaluation)
) AS n
CROSS JOIN LATERAL (
    SELECT 'ended' AS kind, 1 AS place
    WHERE e.state = 'ended' AND e.ended_at IS NULL AND coalesce(e.valid_until > n.before, true)
    UNION ALL
    SELECT 'ends soon', 2 WHERE e.state = 'in force' AND e.valid_until <= m.moment + %(soon)s
    UNION ALL
    SELECT 'matches nothing', 3 WHERE e.state = 'in force' AND e.matches = 0
    UNION ALL
    SELECT 'no longer needed', 4 WHERE e.state = 'in force' AND e.matches > 0 AND e.covers = 0
) AS k
ORDER BY k.place, e.valid_until, e.exception_id
