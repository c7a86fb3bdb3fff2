-- Is the certificate that the stage presents to its backends still valid for a while? The first branch that holds decides.
SELECT
    CASE
        WHEN stage.client_certificate_id IS NULL OR btrim(stage.client_certificate_id) = '' THEN 'certificate_empty'
        WHEN rest_api.is_private THEN 'private_endpoint'
        WHEN integration.item_id IS NULL THEN 'integrations_unknown'
        WHEN NOT integration.has_http THEN 'no_http_integration'
        WHEN rest_api.is_private IS NULL OR integration.has_http IS NULL THEN 'unexpected'
        -- An absence seen before the stage named the certificate proves nothing: it may have been made since.
        WHEN certificate.item_id IS NULL
            OR NOT certificate.is_fresh
            OR (certificate.absent_since IS NOT NULL AND certificate.read_at < stage.certificate_named_at)
            THEN 'certificates_unknown'
        WHEN certificate.absent_since IS NOT NULL AND certificate.read_at >= stage.certificate_named_at
            THEN 'certificate_deleted'
        WHEN certificate.absent_since IS NOT NULL THEN 'unexpected'
        WHEN certificate.expires_at IS NULL THEN 'expiry_unknown'
        WHEN certificate.expires_at <= :as_of THEN 'certificate_expired'
        WHEN certificate.expires_at <= :as_of + :days * interval '24 hours' THEN 'certificate_expires_soon'
        WHEN certificate.expires_at > :as_of + :days * interval '24 hours' THEN 'certificate_valid'
        ELSE 'unexpected'
    END AS condition,
    -- A valid certificate nears its end, one near its end expires: both happen without any change in AWS.
    CASE
        WHEN stage.disappeared_at IS NULL AND stage.is_fresh AND NOT rest_api.is_private AND integration.has_http
            AND certificate.is_fresh AND certificate.absent_since IS NULL
            THEN CASE
                WHEN certificate.expires_at <= :as_of THEN NULL
                WHEN certificate.expires_at <= :as_of + :days * interval '24 hours' THEN certificate.expires_at
                ELSE certificate.expires_at - :days * interval '24 hours'
            END
    END AS recheck_at
FROM stage
LEFT JOIN rest_api ON rest_api.item_id = stage.parent_id
LEFT JOIN integration ON integration.parent_id = stage.parent_id
LEFT JOIN certificate
    ON certificate.account_region_id = stage.account_region_id
    AND certificate.certificate_id = stage.client_certificate_id
