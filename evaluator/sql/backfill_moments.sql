-- The nights on which something of a stage changed: itself, its API, integrations, certificate, or how well it
-- and its certificate are known; staleness comes and goes on nights of its own.
INSERT INTO moment (stage_id, n)
WITH stretch AS (
    -- How well scopes and unread items are known: a stretch begins, and between readings it goes stale.
    SELECT sc.account_region_id, sc.item_type, NULL::text AS item_id, NULL::bigint AS rest_api_key, sc.first,
           sc.past, sc.is_read, sc.read_before
    FROM old_scope AS sc
    UNION ALL
    SELECT u.account_region_id, u.item_type, u.item_id, u.rest_api_key, u.first, u.past, false, u.read_before
    FROM old_unread AS u
),
turning AS (
    -- Nights on which what every run reads turns stale, or fresh again, because no run read at all.
    SELECT w.n FROM (
        SELECT n, collected_at < as_of - %(max_staleness)s::interval AS is_stale,
               lag(collected_at < as_of - %(max_staleness)s::interval) OVER (ORDER BY n) AS was_stale
        FROM night
    ) AS w
    WHERE w.is_stale IS DISTINCT FROM w.was_stale
),
known AS (
    SELECT s.account_region_id, s.item_type, s.item_id, s.rest_api_key, e.n
    FROM stretch AS s
    CROSS JOIN LATERAL (
        SELECT s.first AS n
        UNION ALL
        SELECT s.past
        UNION ALL
        SELECT t.n FROM turning AS t WHERE s.is_read AND t.n > s.first AND t.n < s.past
        UNION ALL
        (SELECT w.n FROM night AS w
         WHERE NOT s.is_read AND w.n > s.first AND w.n < s.past
           AND w.as_of > s.read_before + %(max_staleness)s::interval
         ORDER BY w.n LIMIT 1)
    ) AS e
)
SELECT m.stage_id, m.n FROM (
    SELECT s.stage_id, s.first AS n FROM old_stage AS s
    UNION
    SELECT s.stage_id, a.first
    FROM old_api AS a
    JOIN old_stage AS s ON s.rest_api_key = a.rest_api_key AND a.first > s.first AND a.first < s.past
    UNION
    SELECT s.stage_id, e.n
    FROM old_integration AS i
    CROSS JOIN LATERAL (VALUES (i.first), (i.past)) AS e (n)
    JOIN old_stage AS s ON s.rest_api_key = i.rest_api_key AND e.n > s.first AND e.n < s.past
    UNION
    SELECT s.stage_id, e.n
    FROM old_certificate AS c
    CROSS JOIN LATERAL (VALUES (c.first), (c.past)) AS e (n)
    JOIN old_stage AS s
        ON s.account_region_id = c.account_region_id AND s.client_certificate_id = c.certificate_id
        AND e.n > s.first AND e.n < s.past
    UNION
    SELECT s.stage_id, k.n
    FROM known AS k
    JOIN old_stage AS s ON s.account_region_id = k.account_region_id AND k.n > s.first AND k.n < s.past
    WHERE CASE
        WHEN k.item_type = 'stage' THEN k.item_id IS NULL OR s.rest_api_key = k.rest_api_key
        WHEN k.item_id IS NULL THEN s.client_certificate_id IS NOT NULL
        ELSE s.client_certificate_id = k.item_id
    END
) AS m
WHERE m.n < (SELECT count(*) FROM night);
ANALYZE moment
