-- Was the stage deployed to since its client certificate was attached? Both are known by the readings that found them.
SELECT
    CASE
        WHEN stage.client_certificate_id IS NULL OR btrim(stage.client_certificate_id) = '' THEN 'certificate_empty'
        WHEN stage.deployment_id IS NULL THEN 'deployment_unknown'
        WHEN stage.deployment_served_at > stage.certificate_named_at THEN 'deployed_since'
        WHEN stage.deployment_served_at < stage.certificate_named_at THEN 'attached_late'
        WHEN stage.deployment_served_at = stage.certificate_named_at THEN 'order_unknown'
        ELSE 'unexpected'
    END AS condition
FROM stage
