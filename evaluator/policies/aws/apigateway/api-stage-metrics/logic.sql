-- Are detailed metrics sent for all routes? A route's own settings take the place of the default ones.
SELECT
    CASE
        WHEN jsonb_typeof(api_stage.default_route_settings) <> 'object' OR jsonb_typeof(api_stage.route_settings) <> 'object'
            THEN 'unexpected'
        WHEN coalesce(api_stage.default_route_settings ->> 'DetailedMetricsEnabled', 'false') <> 'true'
            OR EXISTS (
                SELECT 1
                FROM jsonb_each(CASE WHEN jsonb_typeof(api_stage.route_settings) = 'object' THEN api_stage.route_settings END) AS r (route, own)
                WHERE coalesce(r.own ->> 'DetailedMetricsEnabled', 'false') <> 'true'
            ) THEN 'metrics_off'
        WHEN api_stage.item_id IS NOT NULL THEN 'metrics_on'
    END AS condition,
    CASE
        WHEN coalesce(api_stage.default_route_settings ->> 'DetailedMetricsEnabled', 'false') = 'true'
            THEN ARRAY[]::text[]
        ELSE ARRAY['routes without own settings']
    END || ARRAY(
        SELECT r.route
        FROM jsonb_each(CASE WHEN jsonb_typeof(api_stage.route_settings) = 'object' THEN api_stage.route_settings END) AS r (route, own)
        WHERE coalesce(r.own ->> 'DetailedMetricsEnabled', 'false') <> 'true'
        ORDER BY r.route COLLATE "C"
    ) AS subjects
FROM api_stage
