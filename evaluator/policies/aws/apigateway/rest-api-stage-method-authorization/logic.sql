-- Does each method that the stage serves ask who calls it, unless the resource policy does?
SELECT
    CASE
        WHEN cardinality(method.open) > 0 AND api.is_open THEN 'open_method'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array'
            OR (stage.canary_deployment_id IS NOT NULL AND jsonb_typeof(canary.methods) IS DISTINCT FROM 'array'
                AND (api.is_open IS NOT FALSE OR NOT method.is_served))
            THEN 'methods_unknown'
        WHEN NOT method.is_served THEN 'no_method'
        WHEN cardinality(method.open) > 0 AND api.is_open IS NULL THEN 'policy_unknown'
        WHEN cardinality(method.unknown) > 0 AND api.is_open IS NOT FALSE THEN 'authorization_unknown'
        WHEN cardinality(method.open) > 0 OR cardinality(method.unknown) > 0 THEN 'policy_restricts'
        WHEN method.is_served THEN 'authorized'
    END AS condition,
    CASE WHEN cardinality(method.open) > 0 THEN method.open ELSE method.unknown END AS subjects
FROM stage
LEFT JOIN rest_api ON rest_api.item_id = stage.parent_id
LEFT JOIN deployment
    ON deployment.parent_id = stage.parent_id AND deployment.deployment_id = stage.deployment_id
LEFT JOIN deployment AS canary
    ON canary.parent_id = stage.parent_id AND canary.deployment_id = stage.canary_deployment_id
LEFT JOIN LATERAL (
    SELECT
        array_agg(DISTINCT served.method ORDER BY served.method) FILTER (
            WHERE served.definition ->> 'authorization' = 'NONE' AND served.definition ->> 'api_key_required' = 'false'
        ) AS open,
        coalesce(array_agg(DISTINCT served.method ORDER BY served.method) FILTER (
            WHERE coalesce(served.definition ->> 'authorization', 'NONE') = 'NONE'
                AND served.definition ->> 'api_key_required' IS DISTINCT FROM 'true'
                AND (served.definition ->> 'authorization' IS NULL
                    OR served.definition ->> 'api_key_required' IS NULL)
        ), CAST(ARRAY[] AS text[])) AS unknown,
        count(*) > 0 AS is_served
    FROM served_methods(deployment.methods, canary.methods) AS served
    WHERE served.definition ->> 'verb' <> 'OPTIONS'
) AS method ON true
LEFT JOIN LATERAL (
    -- Nobody may call a private API that has no policy. Null: not known.
    SELECT CASE
        WHEN rest_api.policy IS NULL OR btrim(rest_api.policy) = '' THEN NOT rest_api.is_private
        WHEN jsonb_typeof(rest_api.policy_document) = 'object' THEN EXISTS (
            SELECT 1 FROM policy_invokers(rest_api.policy_document) AS invoker WHERE invoker.principal = '*'
        )
    END AS is_open
) AS api ON true
