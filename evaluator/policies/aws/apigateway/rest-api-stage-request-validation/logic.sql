-- Does a validator check what each method that the stage serves asks of requests?
SELECT
    CASE
        WHEN cardinality(asking.unchecked) > 0 THEN 'not_validated'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array'
            OR (stage.canary_deployment_id IS NOT NULL AND jsonb_typeof(canary.methods) IS DISTINCT FROM 'array')
            THEN 'methods_unknown'
        WHEN NOT asking.is_there THEN 'nothing_to_validate'
        WHEN cardinality(asking.unknown) > 0 THEN 'validator_unknown'
        WHEN asking.is_there THEN 'validated'
    END AS condition,
    CASE WHEN cardinality(asking.unchecked) > 0 THEN asking.unchecked ELSE asking.unknown END AS subjects
FROM stage
LEFT JOIN deployment
    ON deployment.parent_id = stage.parent_id AND deployment.deployment_id = stage.deployment_id
LEFT JOIN deployment AS canary
    ON canary.parent_id = stage.parent_id AND canary.deployment_id = stage.canary_deployment_id
LEFT JOIN LATERAL (
    SELECT
        array_agg(DISTINCT served.method ORDER BY served.method) FILTER (
            WHERE (served.definition ->> 'has_required_parameters' = 'true'
                    AND served.definition ->> 'validates_parameters' = 'false')
                OR (served.definition ->> 'has_body_model' = 'true'
                    AND served.definition ->> 'validates_body' = 'false')
        ) AS unchecked,
        coalesce(array_agg(DISTINCT served.method ORDER BY served.method) FILTER (
            WHERE (served.definition ->> 'has_required_parameters' = 'true'
                    AND served.definition ->> 'validates_parameters' IS NULL)
                OR (served.definition ->> 'has_body_model' = 'true'
                    AND served.definition ->> 'validates_body' IS NULL)
        ), CAST(ARRAY[] AS text[])) AS unknown,
        count(*) > 0 AS is_there
    FROM served_methods(deployment.methods, canary.methods) AS served
    WHERE 'true' IN (served.definition ->> 'has_required_parameters', served.definition ->> 'has_body_model')
) AS asking ON true
