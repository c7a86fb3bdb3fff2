-- Does each method that the stage serves have a rate limit and a burst limit?
-- Of each method that is served: its own entry (slashes plain or ~1; a key with a leading slash applies to nothing),
-- which replaces that of all methods as a whole; without either, the defaults of AWS.
SELECT
    CASE
        WHEN jsonb_typeof(stage.method_settings) <> 'object' THEN 'unexpected'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(jsonb_build_array(deployment.methods, canary.methods)) AS d (methods),
                jsonb_array_elements(CASE WHEN jsonb_typeof(d.methods) = 'array' THEN d.methods END) AS m (method)
            WHERE NOT coalesce(
                (
                    SELECT bool_and(coalesce(starts_with(e.setting ->> 'throttlingRateLimit', '-') OR starts_with(e.setting ->> 'throttlingBurstLimit', '-'), true) IS FALSE)
                    FROM jsonb_each(
                        CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings END
                    ) AS e (key, setting)
                    WHERE NOT starts_with(e.key, '/')
                        AND replace(CASE WHEN starts_with(e.key, '~1') THEN substr(e.key, 3) ELSE e.key END, '~1', '/')
                            = substr(m.method ->> 'path', 2) || '/' || (m.method ->> 'verb')
                ),
                coalesce(starts_with((stage.method_settings -> '*/*') ->> 'throttlingRateLimit', '-') OR starts_with((stage.method_settings -> '*/*') ->> 'throttlingBurstLimit', '-'), true) IS FALSE
            )
        ) THEN 'not_throttled'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array'
            OR (stage.canary_deployment_id IS NOT NULL AND jsonb_typeof(canary.methods) IS DISTINCT FROM 'array')
            THEN 'methods_unknown'
        WHEN jsonb_array_length(deployment.methods) = 0
            AND (canary.methods IS NULL OR jsonb_array_length(canary.methods) = 0)
            THEN 'no_method'
        WHEN stage.item_id IS NOT NULL THEN 'throttled'
    END AS condition,
    CASE WHEN coalesce(jsonb_typeof(stage.method_settings), 'object') = 'object' THEN ARRAY(
        SELECT DISTINCT (m.method ->> 'verb') || ' ' || (m.method ->> 'path')
        FROM jsonb_array_elements(jsonb_build_array(deployment.methods, canary.methods)) AS d (methods),
            jsonb_array_elements(CASE WHEN jsonb_typeof(d.methods) = 'array' THEN d.methods END) AS m (method)
        WHERE NOT coalesce(
            (
                SELECT bool_and(coalesce(starts_with(e.setting ->> 'throttlingRateLimit', '-') OR starts_with(e.setting ->> 'throttlingBurstLimit', '-'), true) IS FALSE)
                FROM jsonb_each(
                    CASE WHEN jsonb_typeof(stage.method_settings) = 'object' THEN stage.method_settings END
                ) AS e (key, setting)
                WHERE NOT starts_with(e.key, '/')
                    AND replace(CASE WHEN starts_with(e.key, '~1') THEN substr(e.key, 3) ELSE e.key END, '~1', '/')
                        = substr(m.method ->> 'path', 2) || '/' || (m.method ->> 'verb')
            ),
            coalesce(starts_with((stage.method_settings -> '*/*') ->> 'throttlingRateLimit', '-') OR starts_with((stage.method_settings -> '*/*') ->> 'throttlingBurstLimit', '-'), true) IS FALSE
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
