-- Is each response that the stage caches encrypted?
SELECT
    CASE
        WHEN jsonb_typeof(stage.method_settings) <> 'object' THEN 'unexpected'
        WHEN stage.cache_cluster_enabled IS NOT TRUE THEN 'no_cache'
        WHEN cardinality(cached.open) > 0 THEN 'cache_not_encrypted'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array'
            OR (stage.canary_deployment_id IS NOT NULL AND jsonb_typeof(canary.methods) IS DISTINCT FROM 'array')
            THEN 'methods_unknown'
        WHEN jsonb_array_length(deployment.methods) = 0
            AND (canary.methods IS NULL OR jsonb_array_length(canary.methods) = 0)
            THEN 'no_method'
        WHEN NOT cached.is_used THEN 'nothing_cached'
        WHEN stage.item_id IS NOT NULL THEN 'cache_encrypted'
    END AS condition,
    cached.open AS subjects
FROM stage
LEFT JOIN deployment
    ON deployment.parent_id = stage.parent_id AND deployment.deployment_id = stage.deployment_id
LEFT JOIN deployment AS canary
    ON canary.parent_id = stage.parent_id AND canary.deployment_id = stage.canary_deployment_id
LEFT JOIN LATERAL (
    SELECT
        coalesce(
            array_agg(DISTINCT served.method ORDER BY served.method)
                FILTER (WHERE served.setting ->> 'cacheDataEncrypted' IS DISTINCT FROM 'true'),
            CAST(ARRAY[] AS text[])
        ) AS open,
        count(*) > 0 AS is_used
    FROM served_settings(stage.method_settings, deployment.methods, canary.methods) AS served
    -- AWS keeps nothing where the time to live is zero.
    WHERE served.setting ->> 'cachingEnabled' = 'true' AND served.setting ->> 'cacheTtlInSeconds' IS DISTINCT FROM '0'
) AS cached ON true
