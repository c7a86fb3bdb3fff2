-- The times at which a policy is judged in a backfill: every run that judged anything, every collection that
-- no such run followed before the next collection, and this run.
INSERT INTO pg_temp.night (n, as_of, collected_at, run_id)
WITH ended AS (
    SELECT r.run_id, r.kind, r.as_of
    FROM cmdb.run AS r
    WHERE r.status IN ('complete', 'incomplete') OR r.run_id = %(run_id)s
),
followed AS (
    SELECT e.run_id, e.kind, e.as_of, f.kind AS next_kind
    FROM ended AS e
    LEFT JOIN LATERAL (
        SELECT x.kind FROM ended AS x
        WHERE x.run_id > e.run_id
        ORDER BY x.run_id LIMIT 1
    ) AS f ON true
),
judging AS (
    SELECT f.as_of, max(f.run_id) AS run_id
    FROM followed AS f
    WHERE f.kind <> 'collect' OR f.next_kind IS NULL OR f.next_kind NOT IN ('evaluate', 'retire')
    GROUP BY f.as_of
)
SELECT row_number() OVER (ORDER BY j.as_of)::integer - 1, j.as_of,
       (SELECT max(c.as_of) FROM cmdb.run AS c WHERE c.kind IN ('run', 'collect') AND c.as_of <= j.as_of),
       j.run_id
FROM judging AS j
