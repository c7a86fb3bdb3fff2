-- Does each method that the stage serves have a rate limit and a burst limit?
SELECT
    CASE
        WHEN jsonb_typeof(stage.method_settings) <> 'object' THEN 'unexpected'
        WHEN cardinality(at_fault.methods) > 0 THEN 'not_throttled'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array'
            OR (stage.canary_deployment_id IS NOT NULL AND jsonb_typeof(canary.methods) IS DISTINCT FROM 'array')
            THEN 'methods_unknown'
        WHEN jsonb_array_length(deployment.methods) = 0
            AND (canary.methods IS NULL OR jsonb_array_length(canary.methods) = 0)
            THEN 'no_method'
        WHEN stage.item_id IS NOT NULL THEN 'throttled'
    END AS condition,
    at_fault.methods AS subjects
FROM stage
LEFT JOIN deployment
    ON deployment.parent_id = stage.parent_id AND deployment.deployment_id = stage.deployment_id
LEFT JOIN deployment AS canary
    ON canary.parent_id = stage.parent_id AND canary.deployment_id = stage.canary_deployment_id
LEFT JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT served.method ORDER BY served.method), CAST(ARRAY[] AS text[])) AS methods
    FROM served_settings(stage.method_settings, deployment.methods, canary.methods) AS served
    WHERE coalesce(
        starts_with(served.setting ->> 'throttlingRateLimit', '-')
            OR starts_with(served.setting ->> 'throttlingBurstLimit', '-'),
        true
    )
) AS at_fault ON true
