-- Is the certificate that the stage presents to its backends still valid for a while? The first branch that holds decides.
SELECT
    stage.stage_id,
    stage.account_region_id,
    CASE
        WHEN stage.disappeared_at IS NOT NULL THEN 'stage_disappeared'
        WHEN NOT stage.is_fresh THEN 'inventory_stale'
        WHEN stage.client_certificate_id IS NULL OR btrim(stage.client_certificate_id) = '' THEN 'certificate_empty'
        WHEN rest_api.is_private THEN 'private_endpoint'
        WHEN integration.rest_api_key IS NULL THEN 'integrations_unknown'
        WHEN NOT integration.has_http THEN 'no_http_integration'
        WHEN rest_api.is_private IS NULL OR integration.has_http IS NULL THEN 'unexpected'
        -- An absence seen before the stage named the certificate proves nothing: it may have been made since.
        WHEN certificate.certificate_id IS NULL
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
    -- Evidence: what was looked at on the way down to the branch that held, and nothing below it.
    stage.version_id AS stage_version,
    CASE
        WHEN stage.disappeared_at IS NULL AND stage.is_fresh AND btrim(stage.client_certificate_id) <> ''
            THEN rest_api.version_id
    END AS rest_api_version,
    CASE
        WHEN stage.disappeared_at IS NULL AND stage.is_fresh AND btrim(stage.client_certificate_id) <> ''
            AND rest_api.is_private IS NOT TRUE
            THEN integration.version_id
    END AS integration_version,
    CASE
        WHEN stage.disappeared_at IS NULL AND stage.is_fresh AND NOT rest_api.is_private AND integration.has_http
            THEN certificate.version_id
    END AS certificate_version,
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
LEFT JOIN rest_api ON rest_api.rest_api_key = stage.rest_api_key
LEFT JOIN integration ON integration.rest_api_key = stage.rest_api_key
LEFT JOIN certificate
    ON certificate.account_region_id = stage.account_region_id
    AND certificate.certificate_id = stage.client_certificate_id
