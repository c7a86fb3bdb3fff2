-- Is an execution log written for all routes? A route's own settings take the place of the default ones.
SELECT
    CASE
        WHEN api.protocol_type = 'HTTP' THEN 'http_api'
        WHEN api.protocol_type IS DISTINCT FROM 'WEBSOCKET' THEN 'protocol_unknown'
        WHEN jsonb_typeof(api_stage.default_route_settings) <> 'object' OR jsonb_typeof(api_stage.route_settings) <> 'object'
            THEN 'unexpected'
        WHEN NOT coalesce(api_stage.default_route_settings ->> 'LoggingLevel', 'OFF') = ANY(string_to_array(upper(replace(:levels, ' ', '')), ','))
            OR EXISTS (
                SELECT 1
                FROM jsonb_each(CASE WHEN jsonb_typeof(api_stage.route_settings) = 'object' THEN api_stage.route_settings END) AS r (route, own)
                WHERE NOT coalesce(r.own ->> 'LoggingLevel', 'OFF') = ANY(string_to_array(upper(replace(:levels, ' ', '')), ','))
            ) THEN 'logging_off'
        WHEN api_stage.item_id IS NOT NULL THEN 'logging_on'
    END AS condition,
    CASE
        WHEN api.protocol_type NOT IN ('HTTP', 'WEBSOCKET') THEN ARRAY[api.protocol_type]
        WHEN NOT coalesce(api_stage.default_route_settings ->> 'LoggingLevel', 'OFF') = ANY(string_to_array(upper(replace(:levels, ' ', '')), ','))
            THEN ARRAY[concat('routes without own settings', ' (' || (api_stage.default_route_settings ->> 'LoggingLevel') || ')')]
        ELSE ARRAY[]::text[]
    END || ARRAY(
        -- The level is named, for one that is newer than this policy is neither on nor off to it.
        SELECT concat(r.route, ' (' || (r.own ->> 'LoggingLevel') || ')') COLLATE "C"
        FROM jsonb_each(CASE WHEN jsonb_typeof(api_stage.route_settings) = 'object' THEN api_stage.route_settings END) AS r (route, own)
        WHERE NOT coalesce(r.own ->> 'LoggingLevel', 'OFF') = ANY(string_to_array(upper(replace(:levels, ' ', '')), ','))
        ORDER BY 1
    ) AS subjects
FROM api_stage
LEFT JOIN api ON api.item_id = api_stage.parent_id
