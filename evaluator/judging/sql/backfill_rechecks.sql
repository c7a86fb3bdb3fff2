-- The first nights at which verdicts asked to be looked at again, where nothing else had them looked at before.
INSERT INTO due (item_id, n)
SELECT s.item_id, w.n
FROM (
    SELECT x.item_id, x.n, x.recheck_at, lead(x.n) OVER (PARTITION BY x.item_id ORDER BY x.n) AS next_n
    FROM swept AS x
) AS s
CROSS JOIN LATERAL (
    SELECT k.n FROM night AS k WHERE k.n > s.n AND k.as_of >= s.recheck_at ORDER BY k.n LIMIT 1
) AS w
WHERE s.recheck_at IS NOT NULL AND (s.next_n IS NULL OR w.n < s.next_n)
