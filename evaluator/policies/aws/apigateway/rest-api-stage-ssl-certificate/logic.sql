-- Does the stage authenticate to its backends with a client certificate that exists? The first branch that holds decides.
SELECT
    CASE
        WHEN rest_api.is_private THEN 'private_endpoint'
        WHEN integration.item_id IS NULL THEN 'integrations_unknown'
        WHEN NOT integration.has_http THEN 'no_http_integration'
        -- Without a known endpoint type nothing may be called compliant or incompliant.
        WHEN rest_api.is_private IS NULL OR integration.has_http IS NULL THEN 'unexpected'
        WHEN stage.client_certificate_id IS NULL OR btrim(stage.client_certificate_id) = '' THEN 'certificate_empty'
        -- An absence seen before the stage named the certificate proves nothing: it may have been made since.
        WHEN certificate.item_id IS NULL
            OR NOT certificate.is_fresh
            OR (certificate.absent_since IS NOT NULL AND certificate.read_at < stage.certificate_named_at)
            THEN 'certificates_unknown'
        WHEN certificate.absent_since IS NOT NULL AND certificate.read_at >= stage.certificate_named_at
            THEN 'certificate_deleted'
        WHEN certificate.absent_since IS NULL THEN 'certificate_present'
        ELSE 'unexpected'
    END AS condition
FROM stage
LEFT JOIN rest_api ON rest_api.item_id = stage.parent_id
LEFT JOIN integration ON integration.parent_id = stage.parent_id
LEFT JOIN certificate
    ON certificate.account_region_id = stage.account_region_id
    AND certificate.certificate_id = stage.client_certificate_id
