-- Does the CORS configuration name the origins that it allows? The first branch that holds decides.
SELECT
    CASE
        WHEN api.protocol_type = 'WEBSOCKET' THEN 'websocket_api'
        WHEN api.protocol_type IS DISTINCT FROM 'HTTP' THEN 'protocol_unknown'
        WHEN api.cors_configuration IS NULL THEN 'no_cors'
        WHEN jsonb_typeof(api.cors_configuration) <> 'object'
            OR (api.cors_allow_origins IS NULL AND jsonb_typeof(api.cors_configuration -> 'AllowOrigins') <> 'null')
            THEN 'unexpected'
        WHEN api.cors_allow_origins && ARRAY['*', 'http://*', 'https://*'] AND api.cors_allow_credentials
            THEN 'any_origin_with_credentials'
        WHEN api.cors_allow_origins && ARRAY['*', 'http://*', 'https://*'] THEN 'any_origin'
        WHEN api.item_id IS NOT NULL THEN 'named_origins'
    END AS condition,
    CASE
        WHEN api.protocol_type NOT IN ('HTTP', 'WEBSOCKET') THEN ARRAY[api.protocol_type]
        ELSE ARRAY(
            SELECT o.origin COLLATE "C"
            FROM jsonb_array_elements_text(
                CASE
                    WHEN jsonb_typeof(api.cors_configuration -> 'AllowOrigins') = 'array'
                        THEN api.cors_configuration -> 'AllowOrigins'
                END
            ) AS o (origin)
            WHERE o.origin IN ('*', 'http://*', 'https://*')
            ORDER BY 1
        )
    END AS subjects
FROM api
