-- Counts as stretches between the nights on which they changed.
INSERT INTO compliance.tally (policy_key, account_region_id, condition_key, valid_from, valid_to, items)
SELECT %(policy_key)s, t.account_region_id, t.condition_key, t.valid_from, t.valid_to, t.items
FROM (
    SELECT d.account_region_id, d.condition_key, d.changed_at AS valid_from,
           lead(d.changed_at) OVER w AS valid_to, sum(d.items) OVER w AS items
    FROM (
        SELECT c.account_region_id, c.condition_key, c.changed_at, sum(c.items) AS items
        FROM (
            SELECT i.account_region_id, i.condition_key, i.valid_from AS changed_at, 1 AS items
            FROM island AS i
            UNION ALL
            SELECT i.account_region_id, i.condition_before, i.valid_from, -1
            FROM island AS i
            WHERE i.condition_before IS NOT NULL
        ) AS c
        GROUP BY c.account_region_id, c.condition_key, c.changed_at
        HAVING sum(c.items) <> 0
    ) AS d
    WINDOW w AS (PARTITION BY d.account_region_id, d.condition_key ORDER BY d.changed_at)
) AS t
WHERE t.items > 0
