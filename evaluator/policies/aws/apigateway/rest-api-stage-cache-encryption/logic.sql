-- Is each response that the stage caches encrypted?
-- Of each method that is served: its own entry (slashes plain or ~1; a key with a leading slash applies to nothing),
-- which replaces that of all methods as a whole; without either, the defaults of AWS. Methods are looked at one by
-- one only where an entry is not that of all methods: few stages have such, and looking costs the most.
SELECT
    CASE
        WHEN jsonb_typeof(stage.method_settings) <> 'object' THEN 'unexpected'
        WHEN stage.cache_cluster_enabled IS NOT TRUE THEN 'no_cache'
        WHEN CASE
            WHEN length(CAST(
                CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings - '*/*' END AS text
            )) > 2
                THEN EXISTS (
                    SELECT 1
                    FROM jsonb_array_elements(
                        CASE WHEN jsonb_typeof(deployment.methods) = 'array' THEN deployment.methods ELSE jsonb_build_array() END
                        || CASE WHEN jsonb_typeof(canary.methods) = 'array' THEN canary.methods ELSE jsonb_build_array() END
                    ) AS m (method)
                    LEFT JOIN jsonb_each(
                        CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings END
                    ) AS e (key, setting)
                        ON NOT starts_with(e.key, '/')
                        AND replace(CASE WHEN starts_with(e.key, '~1') THEN substr(e.key, 3) ELSE e.key END, '~1', '/')
                            = substr(m.method ->> 'path', 2) || '/' || (m.method ->> 'verb')
                    WHERE NOT (coalesce(coalesce(e.setting, stage.method_settings -> '*/*') ->> 'cachingEnabled', 'false') <> 'true'
                        OR coalesce(coalesce(e.setting, stage.method_settings -> '*/*') ->> 'cacheDataEncrypted', 'false') = 'true')
                )
            WHEN (coalesce((stage.method_settings -> '*/*') ->> 'cachingEnabled', 'false') <> 'true'
                OR coalesce((stage.method_settings -> '*/*') ->> 'cacheDataEncrypted', 'false') = 'true') THEN false
            ELSE (
                jsonb_array_length(CASE WHEN jsonb_typeof(deployment.methods) = 'array' THEN deployment.methods END) > 0
                OR jsonb_array_length(CASE WHEN jsonb_typeof(canary.methods) = 'array' THEN canary.methods END) > 0
            ) IS TRUE
        END THEN 'cache_not_encrypted'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array'
            OR (stage.canary_deployment_id IS NOT NULL AND jsonb_typeof(canary.methods) IS DISTINCT FROM 'array')
            THEN 'methods_unknown'
        WHEN jsonb_array_length(deployment.methods) = 0
            AND (canary.methods IS NULL OR jsonb_array_length(canary.methods) = 0)
            THEN 'no_method'
        WHEN NOT CASE
            WHEN length(CAST(
                CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings - '*/*' END AS text
            )) > 2
                THEN EXISTS (
                    SELECT 1
                    FROM jsonb_array_elements(
                        CASE WHEN jsonb_typeof(deployment.methods) = 'array' THEN deployment.methods ELSE jsonb_build_array() END
                        || CASE WHEN jsonb_typeof(canary.methods) = 'array' THEN canary.methods ELSE jsonb_build_array() END
                    ) AS m (method)
                    LEFT JOIN jsonb_each(
                        CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings END
                    ) AS e (key, setting)
                        ON NOT starts_with(e.key, '/')
                        AND replace(CASE WHEN starts_with(e.key, '~1') THEN substr(e.key, 3) ELSE e.key END, '~1', '/')
                            = substr(m.method ->> 'path', 2) || '/' || (m.method ->> 'verb')
                    WHERE NOT coalesce(coalesce(e.setting, stage.method_settings -> '*/*') ->> 'cachingEnabled', 'false') <> 'true'
                )
            WHEN coalesce((stage.method_settings -> '*/*') ->> 'cachingEnabled', 'false') <> 'true' THEN false
            ELSE (
                jsonb_array_length(CASE WHEN jsonb_typeof(deployment.methods) = 'array' THEN deployment.methods END) > 0
                OR jsonb_array_length(CASE WHEN jsonb_typeof(canary.methods) = 'array' THEN canary.methods END) > 0
            ) IS TRUE
        END THEN 'nothing_cached'
        WHEN stage.item_id IS NOT NULL THEN 'cache_encrypted'
    END AS condition,
    CASE
        WHEN jsonb_typeof(stage.method_settings) <> 'object' THEN NULL
        WHEN length(CAST(
            CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings - '*/*' END AS text
        )) > 2
            THEN ARRAY(
                SELECT DISTINCT (m.method ->> 'verb') || ' ' || (m.method ->> 'path')
                FROM jsonb_array_elements(
                    CASE WHEN jsonb_typeof(deployment.methods) = 'array' THEN deployment.methods ELSE jsonb_build_array() END
                    || CASE WHEN jsonb_typeof(canary.methods) = 'array' THEN canary.methods ELSE jsonb_build_array() END
                ) AS m (method)
                LEFT JOIN jsonb_each(
                    CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings END
                ) AS e (key, setting)
                    ON NOT starts_with(e.key, '/')
                    AND replace(CASE WHEN starts_with(e.key, '~1') THEN substr(e.key, 3) ELSE e.key END, '~1', '/')
                        = substr(m.method ->> 'path', 2) || '/' || (m.method ->> 'verb')
                WHERE NOT (coalesce(coalesce(e.setting, stage.method_settings -> '*/*') ->> 'cachingEnabled', 'false') <> 'true'
                    OR coalesce(coalesce(e.setting, stage.method_settings -> '*/*') ->> 'cacheDataEncrypted', 'false') = 'true')
                ORDER BY 1
            )
        WHEN (coalesce((stage.method_settings -> '*/*') ->> 'cachingEnabled', 'false') <> 'true'
            OR coalesce((stage.method_settings -> '*/*') ->> 'cacheDataEncrypted', 'false') = 'true') THEN ARRAY[]::text[]
        ELSE ARRAY(
            SELECT DISTINCT (m.method ->> 'verb') || ' ' || (m.method ->> 'path')
            FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(deployment.methods) = 'array' THEN deployment.methods ELSE jsonb_build_array() END
                || CASE WHEN jsonb_typeof(canary.methods) = 'array' THEN canary.methods ELSE jsonb_build_array() END
            ) AS m (method)
            ORDER BY 1
        )
    END AS subjects
FROM stage
LEFT JOIN deployment
    ON deployment.parent_id = stage.parent_id
    AND deployment.deployment_id = stage.deployment_id
LEFT JOIN deployment AS canary
    ON canary.parent_id = stage.parent_id
    AND canary.deployment_id = stage.canary_deployment_id
