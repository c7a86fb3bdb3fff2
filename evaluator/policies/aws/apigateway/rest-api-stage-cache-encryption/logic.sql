-- Is each response that the stage caches encrypted?
-- Of each method that is served: its own entry (slashes plain or ~1; a key with a leading slash applies to nothing),
-- which replaces that of all methods as a whole; without either, the defaults of AWS.
SELECT
    CASE
        WHEN jsonb_typeof(stage.method_settings) <> 'object' THEN 'unexpected'
        WHEN stage.cache_cluster_enabled IS NOT TRUE THEN 'no_cache'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(jsonb_build_array(deployment.methods, canary.methods)) AS d (methods),
                jsonb_array_elements(CASE WHEN jsonb_typeof(d.methods) = 'array' THEN d.methods END) AS m (method)
            WHERE NOT coalesce(
                (
                    SELECT bool_and(coalesce(e.setting ->> 'cachingEnabled', 'false') <> 'true' OR coalesce(e.setting ->> 'cacheDataEncrypted', 'false') = 'true')
                    FROM jsonb_each(
                        CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings END
                    ) AS e (key, setting)
                    WHERE NOT starts_with(e.key, '/')
                        AND replace(CASE WHEN starts_with(e.key, '~1') THEN substr(e.key, 3) ELSE e.key END, '~1', '/')
                            = substr(m.method ->> 'path', 2) || '/' || (m.method ->> 'verb')
                ),
                coalesce((stage.method_settings -> '*/*') ->> 'cachingEnabled', 'false') <> 'true' OR coalesce((stage.method_settings -> '*/*') ->> 'cacheDataEncrypted', 'false') = 'true'
            )
        ) THEN 'cache_not_encrypted'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array'
            OR (stage.canary_deployment_id IS NOT NULL AND jsonb_typeof(canary.methods) IS DISTINCT FROM 'array')
            THEN 'methods_unknown'
        WHEN jsonb_array_length(deployment.methods) = 0
            AND (canary.methods IS NULL OR jsonb_array_length(canary.methods) = 0)
            THEN 'no_method'
        WHEN NOT EXISTS (
            SELECT 1
            FROM jsonb_array_elements(jsonb_build_array(deployment.methods, canary.methods)) AS d (methods),
                jsonb_array_elements(CASE WHEN jsonb_typeof(d.methods) = 'array' THEN d.methods END) AS m (method)
            WHERE NOT coalesce(
                (
                    SELECT bool_and(coalesce(e.setting ->> 'cachingEnabled', 'false') <> 'true')
                    FROM jsonb_each(
                        CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings END
                    ) AS e (key, setting)
                    WHERE NOT starts_with(e.key, '/')
                        AND replace(CASE WHEN starts_with(e.key, '~1') THEN substr(e.key, 3) ELSE e.key END, '~1', '/')
                            = substr(m.method ->> 'path', 2) || '/' || (m.method ->> 'verb')
                ),
                coalesce((stage.method_settings -> '*/*') ->> 'cachingEnabled', 'false') <> 'true'
            )
        ) THEN 'nothing_cached'
        WHEN stage.item_id IS NOT NULL THEN 'cache_encrypted'
    END AS condition,
    CASE WHEN coalesce(jsonb_typeof(stage.method_settings), 'object') = 'object' THEN ARRAY(
        SELECT DISTINCT (m.method ->> 'verb') || ' ' || (m.method ->> 'path')
        FROM jsonb_array_elements(jsonb_build_array(deployment.methods, canary.methods)) AS d (methods),
            jsonb_array_elements(CASE WHEN jsonb_typeof(d.methods) = 'array' THEN d.methods END) AS m (method)
        WHERE NOT coalesce(
            (
                SELECT bool_and(coalesce(e.setting ->> 'cachingEnabled', 'false') <> 'true' OR coalesce(e.setting ->> 'cacheDataEncrypted', 'false') = 'true')
                FROM jsonb_each(
                    CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings END
                ) AS e (key, setting)
                WHERE NOT starts_with(e.key, '/')
                    AND replace(CASE WHEN starts_with(e.key, '~1') THEN substr(e.key, 3) ELSE e.key END, '~1', '/')
                        = substr(m.method ->> 'path', 2) || '/' || (m.method ->> 'verb')
            ),
            coalesce((stage.method_settings -> '*/*') ->> 'cachingEnabled', 'false') <> 'true' OR coalesce((stage.method_settings -> '*/*') ->> 'cacheDataEncrypted', 'false') = 'true'
        )
        ORDER BY 1
    ) END AS subjects
FROM stage
LEFT JOIN deployment
    ON deployment.parent_id = stage.parent_id
    AND deployment.deployment_id = stage.deployment_id
LEFT JOIN deployment AS canary
    ON canary.parent_id = stage.parent_id
    AND canary.deployment_id = stage.canary_deployment_id
