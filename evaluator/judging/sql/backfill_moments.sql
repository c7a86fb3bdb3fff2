-- The nights on which something that the policy reads of a stage changed: itself, its API, integrations,
-- certificate, or how well it and its certificate are known; staleness comes and goes on nights of its own.
-- On the first night everything is new, every stage among it. A moment names the stage's stretch that it lies in.
INSERT INTO moment (stage_id, n, first)
WITH stretch AS (
    -- How well scopes and unread items are known: a stretch begins, and between readings it goes stale.
    SELECT sc.account_region_id, sc.item_type, NULL::text AS item_id, NULL::bigint AS rest_api_key, sc.first,
           sc.past, sc.is_read, sc.read_before
    FROM old_scope AS sc
    UNION ALL
    SELECT u.account_region_id, u.item_type, u.item_id, u.rest_api_key, u.first, u.past, false, u.read_before
    FROM old_unread AS u
),
turning AS MATERIALIZED (
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
),
-- Stretches of items, each with whether it reads otherwise than the one before and the one after.
stage_event AS (
    SELECT s.stage_id, s.first,
           'stage.version_id' = ANY(%(_reads)s)
           OR (lag(s.past) OVER w, lag(s.client_certificate_id) OVER w, lag(s.certificate_named_at) OVER w,
               lag(s.disappeared_at) OVER w)
              IS DISTINCT FROM (s.first, s.client_certificate_id, s.certificate_named_at, s.disappeared_at)
           OR ('stage.deployment_id' = ANY(%(_reads)s)
               AND lag(s.deployment_id) OVER w IS DISTINCT FROM s.deployment_id) AS is_new
    FROM old_stage AS s
    WINDOW w AS (PARTITION BY s.stage_id ORDER BY s.first)
),
api_event AS (
    SELECT a.rest_api_key, a.first,
           'rest_api.version_id' = ANY(%(_reads)s)
           OR (lag(a.past) OVER w, lag(a.is_private) OVER w) IS DISTINCT FROM (a.first, a.is_private)
           OR ('rest_api.name' = ANY(%(_reads)s) AND lag(a.name) OVER w IS DISTINCT FROM a.name) AS is_new
    FROM old_api AS a
    WINDOW w AS (PARTITION BY a.rest_api_key ORDER BY a.first)
),
integration_event AS (
    SELECT i.rest_api_key, i.first, i.past,
           'integration.version_id' = ANY(%(_reads)s)
           OR (lag(i.past) OVER w, lag(i.has_http) OVER w) IS DISTINCT FROM (i.first, i.has_http)
           OR ('integration.types' = ANY(%(_reads)s) AND lag(i.types) OVER w IS DISTINCT FROM i.types) AS is_new,
           lead(i.first) OVER w IS DISTINCT FROM i.past AS is_end
    FROM old_integration AS i
    WINDOW w AS (PARTITION BY i.rest_api_key ORDER BY i.first)
),
certificate_event AS (
    SELECT c.account_region_id, c.certificate_id, c.first, c.past,
           'certificate.version_id' = ANY(%(_reads)s)
           OR (lag(c.past) OVER w, lag(c.absent_since) OVER w) IS DISTINCT FROM (c.first, c.absent_since)
           OR ('certificate.created_at' = ANY(%(_reads)s)
               AND lag(c.created_at) OVER w IS DISTINCT FROM c.created_at)
           OR ('certificate.expires_at' = ANY(%(_reads)s)
               AND lag(c.expires_at) OVER w IS DISTINCT FROM c.expires_at) AS is_new,
           lead(c.first) OVER w IS DISTINCT FROM c.past AS is_end
    FROM old_certificate AS c
    WINDOW w AS (PARTITION BY c.account_region_id, c.certificate_id ORDER BY c.first)
)
SELECT m.stage_id, m.n, m.first FROM (
    SELECT s.stage_id, s.first AS n, s.first FROM stage_event AS s WHERE s.is_new
    UNION
    SELECT s.stage_id, a.first, s.first
    FROM api_event AS a
    JOIN old_stage AS s ON s.rest_api_key = a.rest_api_key AND a.first >= s.first AND a.first < s.past
    WHERE a.is_new AND a.first > 0
    UNION
    SELECT s.stage_id, e.n, s.first
    FROM integration_event AS i
    CROSS JOIN LATERAL (VALUES (i.first, i.is_new), (i.past, i.is_end)) AS e (n, is_event)
    JOIN old_stage AS s ON s.rest_api_key = i.rest_api_key AND e.n >= s.first AND e.n < s.past
    WHERE e.is_event AND e.n > 0
    UNION
    SELECT s.stage_id, e.n, s.first
    FROM certificate_event AS c
    CROSS JOIN LATERAL (VALUES (c.first, c.is_new), (c.past, c.is_end)) AS e (n, is_event)
    JOIN old_stage AS s
        ON s.account_region_id = c.account_region_id AND s.client_certificate_id = c.certificate_id
        AND e.n >= s.first AND e.n < s.past
    WHERE e.is_event AND e.n > 0
    UNION
    SELECT s.stage_id, k.n, s.first
    FROM known AS k
    JOIN old_stage AS s ON s.account_region_id = k.account_region_id AND k.n >= s.first AND k.n < s.past
    WHERE k.n > 0 AND CASE
        WHEN k.item_type = 'stage' THEN k.item_id IS NULL OR s.rest_api_key = k.rest_api_key
        WHEN k.item_id IS NULL THEN s.client_certificate_id IS NOT NULL
        ELSE s.client_certificate_id = k.item_id
    END
) AS m
WHERE m.n < (SELECT count(*) FROM night);
ANALYZE moment
