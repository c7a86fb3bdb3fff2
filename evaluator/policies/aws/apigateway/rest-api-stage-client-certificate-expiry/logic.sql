-- Is the certificate that the stage presents to its backends still valid for a while?
SELECT
    CASE
        WHEN stage.client_certificate_id IS NULL OR btrim(stage.client_certificate_id) = '' THEN 'certificate_empty'
        WHEN rest_api.is_private THEN 'private_endpoint'
        -- HTTP in either of the stage's own deployment and its canary's decides; without it, both have to be known.
        WHEN deployment.has_http IS NOT TRUE AND canary.has_http IS NOT TRUE
            AND (deployment.item_id IS NULL OR (stage.canary_deployment_id IS NOT NULL AND canary.item_id IS NULL))
            THEN 'integrations_unknown'
        WHEN NOT deployment.has_http AND canary.has_http IS NOT TRUE THEN 'no_http_integration'
        WHEN rest_api.is_private IS NULL OR (deployment.has_http IS NOT TRUE AND canary.has_http IS NOT TRUE)
            THEN 'unexpected'
        -- An absence seen before the stage named the certificate proves nothing: it may have been made since. A stage
        -- last read before the absence was proven may name another one by then.
        WHEN certificate.item_id IS NULL OR NOT certificate.is_fresh OR stage.read_at < certificate.absent_since
            OR (certificate.absent_since IS NOT NULL AND certificate.read_at < stage.certificate_named_at)
            THEN 'certificates_unknown'
        WHEN certificate.absent_since IS NOT NULL AND certificate.read_at >= stage.certificate_named_at
            THEN 'certificate_deleted'
        WHEN certificate.absent_since IS NOT NULL THEN 'unexpected'
        WHEN certificate.expires_at IS NULL THEN 'expiry_unknown'
        WHEN certificate.expires_at <= :as_of THEN 'certificate_expired'
        WHEN certificate.expires_at <= :as_of + :days * interval '24 hours' THEN 'certificate_expires_soon'
        WHEN certificate.expires_at > :as_of + :days * interval '24 hours' THEN 'certificate_valid'
    END AS condition,
    -- A valid certificate nears its end, one near its end expires: both happen without any change in AWS.
    CASE
        WHEN stage.disappeared_at IS NULL AND stage.is_fresh AND NOT rest_api.is_private AND certificate.is_fresh
            AND (deployment.has_http OR canary.has_http) AND certificate.absent_since IS NULL
            AND certificate.expires_at > :as_of
            THEN certificate.expires_at - interval '24 hours'
                * CASE WHEN certificate.expires_at > :as_of + :days * interval '24 hours' THEN :days ELSE 0 END
    END AS recheck_at
FROM stage
LEFT JOIN rest_api ON rest_api.item_id = stage.parent_id
LEFT JOIN deployment ON deployment.parent_id = stage.parent_id AND deployment.deployment_id = stage.deployment_id
LEFT JOIN deployment AS canary
    ON canary.parent_id = stage.parent_id AND canary.deployment_id = stage.canary_deployment_id
LEFT JOIN certificate ON certificate.account_region_id = stage.account_region_id
    AND certificate.certificate_id = stage.client_certificate_id
