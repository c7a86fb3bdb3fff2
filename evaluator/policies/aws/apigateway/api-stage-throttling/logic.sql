-- Does each route have a rate limit and a burst limit? A route's own settings take the place of the default ones.
SELECT
    CASE
        WHEN jsonb_typeof(api_stage.default_route_settings) <> 'object' OR jsonb_typeof(api_stage.route_settings) <> 'object'
            THEN 'unexpected'
        -- Absent is no limit, and neither is a negative one.
        WHEN coalesce(
            starts_with(api_stage.default_route_settings ->> 'ThrottlingRateLimit', '-')
                OR starts_with(api_stage.default_route_settings ->> 'ThrottlingBurstLimit', '-'),
            true
        ) OR EXISTS (
            SELECT 1
            FROM jsonb_each(CASE WHEN jsonb_typeof(api_stage.route_settings) = 'object' THEN api_stage.route_settings END) AS r (route, own)
            WHERE coalesce(
                starts_with(r.own ->> 'ThrottlingRateLimit', '-') OR starts_with(r.own ->> 'ThrottlingBurstLimit', '-'), true
            )
        ) THEN 'not_throttled'
        WHEN api_stage.item_id IS NOT NULL THEN 'throttled'
    END AS condition,
    CASE
        WHEN coalesce(
            starts_with(api_stage.default_route_settings ->> 'ThrottlingRateLimit', '-')
                OR starts_with(api_stage.default_route_settings ->> 'ThrottlingBurstLimit', '-'),
            true
        ) THEN ARRAY['routes without own settings']
        ELSE ARRAY[]::text[]
    END || ARRAY(
        SELECT r.route
        FROM jsonb_each(CASE WHEN jsonb_typeof(api_stage.route_settings) = 'object' THEN api_stage.route_settings END) AS r (route, own)
        WHERE coalesce(
            starts_with(r.own ->> 'ThrottlingRateLimit', '-') OR starts_with(r.own ->> 'ThrottlingBurstLimit', '-'), true
        )
        ORDER BY r.route COLLATE "C"
    ) AS subjects
FROM api_stage
