-- Does every route that can ask for authorization ask for it? The first branch that holds decides.
-- Of an HTTP API all routes but those of preflight requests, which browsers send without credentials; of a WebSocket
-- API the route that connects. Its key is a dollar sign and connect; the sign is matched by its neighbours.
SELECT
    CASE
        WHEN api.protocol_type IS NULL OR api.protocol_type NOT IN ('HTTP', 'WEBSOCKET') THEN 'protocol_unknown'
        WHEN api_routes.is_fresh IS NOT TRUE
            OR api_routes.disappeared_at IS NOT NULL
            OR jsonb_typeof(api_routes.routes) IS DISTINCT FROM 'array'
            THEN 'routes_unknown'
        WHEN NOT EXISTS (
            SELECT 1
            FROM jsonb_array_elements(CASE WHEN jsonb_typeof(api_routes.routes) = 'array' THEN api_routes.routes END) AS r (route)
            WHERE api.protocol_type = 'WEBSOCKET' OR NOT starts_with(r.route ->> 'RouteKey', 'OPTIONS ')
        ) THEN 'no_route'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(CASE WHEN jsonb_typeof(api_routes.routes) = 'array' THEN api_routes.routes END) AS r (route)
            WHERE CASE api.protocol_type
                WHEN 'HTTP' THEN NOT starts_with(r.route ->> 'RouteKey', 'OPTIONS ')
                ELSE length(r.route ->> 'RouteKey') = 8 AND r.route ->> 'RouteKey' ~ '^[#-%]connect'
            END AND r.route ->> 'AuthorizationType' = 'NONE'
        ) THEN 'route_open'
        WHEN api.protocol_type = 'WEBSOCKET' AND NOT EXISTS (
            SELECT 1
            FROM jsonb_array_elements(CASE WHEN jsonb_typeof(api_routes.routes) = 'array' THEN api_routes.routes END) AS r (route)
            WHERE length(r.route ->> 'RouteKey') = 8 AND r.route ->> 'RouteKey' ~ '^[#-%]connect'
        ) THEN 'connect_missing'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(CASE WHEN jsonb_typeof(api_routes.routes) = 'array' THEN api_routes.routes END) AS r (route)
            WHERE CASE api.protocol_type
                WHEN 'HTTP' THEN NOT starts_with(r.route ->> 'RouteKey', 'OPTIONS ')
                ELSE length(r.route ->> 'RouteKey') = 8 AND r.route ->> 'RouteKey' ~ '^[#-%]connect'
            END AND r.route ->> 'AuthorizationType' IS NULL
        ) THEN 'type_unknown'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(CASE WHEN jsonb_typeof(api_routes.routes) = 'array' THEN api_routes.routes END) AS r (route)
            WHERE CASE api.protocol_type
                WHEN 'HTTP' THEN NOT starts_with(r.route ->> 'RouteKey', 'OPTIONS ')
                ELSE length(r.route ->> 'RouteKey') = 8 AND r.route ->> 'RouteKey' ~ '^[#-%]connect'
            END AND r.route ->> 'AuthorizationType' NOT IN ('AWS_IAM', 'CUSTOM', 'JWT')
        ) THEN 'newer_type'
        WHEN api.item_id IS NOT NULL THEN 'authorized'
    END AS condition,
    CASE
        WHEN api.protocol_type NOT IN ('HTTP', 'WEBSOCKET') THEN ARRAY[api.protocol_type]
        ELSE ARRAY(
            SELECT concat(r.route ->> 'RouteKey', ' (' || nullif(r.route ->> 'AuthorizationType', 'NONE') || ')') COLLATE "C"
            FROM jsonb_array_elements(CASE WHEN jsonb_typeof(api_routes.routes) = 'array' THEN api_routes.routes END) AS r (route)
            WHERE CASE api.protocol_type
                    WHEN 'HTTP' THEN NOT starts_with(r.route ->> 'RouteKey', 'OPTIONS ')
                    ELSE length(r.route ->> 'RouteKey') = 8 AND r.route ->> 'RouteKey' ~ '^[#-%]connect'
                END
                AND (r.route ->> 'AuthorizationType' NOT IN ('AWS_IAM', 'CUSTOM', 'JWT')) IS NOT FALSE
            -- What is open goes first, then what is not known.
            ORDER BY r.route ->> 'AuthorizationType' = 'NONE' DESC NULLS LAST, 1
        )
    END AS subjects
FROM api
LEFT JOIN api_routes ON api_routes.parent_id = api.item_id
