-- Do all integrations over a VPC link use TLS? The first branch that holds decides.
SELECT
    CASE
        WHEN api.protocol_type = 'WEBSOCKET' THEN 'websocket_api'
        WHEN api.protocol_type IS DISTINCT FROM 'HTTP' THEN 'protocol_unknown'
        WHEN api_integrations.is_fresh IS NOT TRUE
            OR api_integrations.disappeared_at IS NOT NULL
            OR jsonb_typeof(api_integrations.integrations) IS DISTINCT FROM 'array'
            THEN 'integrations_unknown'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(api_integrations.integrations) = 'array' THEN api_integrations.integrations END
            ) AS i (integration)
            WHERE i.integration ->> 'ConnectionType' = 'VPC_LINK' AND jsonb_typeof(i.integration -> 'TlsConfig') IS DISTINCT FROM 'object'
        ) THEN 'link_without_tls'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(api_integrations.integrations) = 'array' THEN api_integrations.integrations END
            ) AS i (integration)
            WHERE i.integration ->> 'ConnectionType' NOT IN ('INTERNET', 'VPC_LINK')
        ) THEN 'connection_unknown'
        WHEN NOT EXISTS (
            SELECT 1
            FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(api_integrations.integrations) = 'array' THEN api_integrations.integrations END
            ) AS i (integration)
            WHERE i.integration ->> 'ConnectionType' = 'VPC_LINK'
        ) THEN 'no_vpc_link'
        WHEN api.item_id IS NOT NULL THEN 'link_with_tls'
    END AS condition,
    CASE
        WHEN api.protocol_type NOT IN ('HTTP', 'WEBSOCKET') THEN ARRAY[api.protocol_type]
        ELSE ARRAY(
            SELECT concat(
                i.integration ->> 'IntegrationId', ' (' || nullif(i.integration ->> 'ConnectionType', 'VPC_LINK') || ')'
            ) COLLATE "C"
            FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(api_integrations.integrations) = 'array' THEN api_integrations.integrations END
            ) AS i (integration)
            WHERE (i.integration ->> 'ConnectionType' = 'VPC_LINK' AND jsonb_typeof(i.integration -> 'TlsConfig') IS DISTINCT FROM 'object')
                OR i.integration ->> 'ConnectionType' NOT IN ('INTERNET', 'VPC_LINK')
            ORDER BY i.integration ->> 'ConnectionType' = 'VPC_LINK' DESC, 1
        )
    END AS subjects
FROM api
LEFT JOIN api_integrations ON api_integrations.parent_id = api.item_id
