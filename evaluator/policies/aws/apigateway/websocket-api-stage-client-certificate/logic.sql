-- Does the stage authenticate to HTTP backends with a client certificate that exists? The first branch that holds decides.
SELECT
    CASE
        WHEN api.protocol_type = 'HTTP' THEN 'http_api'
        WHEN api.protocol_type IS DISTINCT FROM 'WEBSOCKET' THEN 'protocol_unknown'
        WHEN api_integrations.is_fresh IS NOT TRUE
            OR api_integrations.disappeared_at IS NOT NULL
            OR jsonb_typeof(api_integrations.integrations) IS DISTINCT FROM 'array'
            THEN 'integrations_unknown'
        WHEN NOT EXISTS (
            SELECT 1
            FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(api_integrations.integrations) = 'array' THEN api_integrations.integrations END
            ) AS i (integration)
            WHERE coalesce(i.integration ->> 'IntegrationType', '') NOT IN ('AWS', 'AWS_PROXY', 'MOCK')
        ) THEN 'no_http_integration'
        WHEN NOT EXISTS (
            SELECT 1
            FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(api_integrations.integrations) = 'array' THEN api_integrations.integrations END
            ) AS i (integration)
            WHERE i.integration ->> 'IntegrationType' IN ('HTTP', 'HTTP_PROXY')
        ) THEN 'integration_type_unknown'
        WHEN api_stage.client_certificate_id IS NULL OR btrim(api_stage.client_certificate_id) = '' THEN 'certificate_empty'
        -- An absence seen before the stage named the certificate proves nothing: it may have been made since. A stage
        -- last read before the absence was proven may name another one by then.
        WHEN certificate.item_id IS NULL
            OR NOT certificate.is_fresh
            OR (certificate.absent_since IS NOT NULL AND certificate.read_at < api_stage.certificate_named_at)
            OR api_stage.read_at < certificate.absent_since
            THEN 'certificates_unknown'
        WHEN certificate.absent_since IS NOT NULL AND certificate.read_at >= api_stage.certificate_named_at
            THEN 'certificate_deleted'
        WHEN certificate.absent_since IS NULL THEN 'certificate_present'
        ELSE 'unexpected'
    END AS condition,
    CASE WHEN api.protocol_type NOT IN ('HTTP', 'WEBSOCKET') THEN ARRAY[api.protocol_type] END AS subjects
FROM api_stage
LEFT JOIN api ON api.item_id = api_stage.parent_id
LEFT JOIN api_integrations ON api_integrations.parent_id = api_stage.parent_id
LEFT JOIN certificate
    ON certificate.account_region_id = api_stage.account_region_id
    AND certificate.certificate_id = api_stage.client_certificate_id
