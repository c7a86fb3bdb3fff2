-- Is the certificate of each HTTP backend that the stage serves verified?
SELECT
    CASE
        WHEN cardinality(http.unverified) > 0 THEN 'verification_off'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array'
            OR (stage.canary_deployment_id IS NOT NULL AND jsonb_typeof(canary.methods) IS DISTINCT FROM 'array')
            THEN 'methods_unknown'
        WHEN NOT http.is_used THEN 'no_http_integration'
        WHEN http.is_used THEN 'verification_on'
    END AS condition,
    http.unverified AS subjects
FROM stage
LEFT JOIN deployment
    ON deployment.parent_id = stage.parent_id AND deployment.deployment_id = stage.deployment_id
LEFT JOIN deployment AS canary
    ON canary.parent_id = stage.parent_id AND canary.deployment_id = stage.canary_deployment_id
LEFT JOIN LATERAL (
    SELECT
        coalesce(
            array_agg(DISTINCT served.method ORDER BY served.method)
                FILTER (WHERE served.definition ->> 'insecure_skip_verification' = 'true'),
            CAST(ARRAY[] AS text[])
        ) AS unverified,
        count(*) > 0 AS is_used
    FROM served_methods(deployment.methods, canary.methods) AS served
    WHERE served.definition ->> 'integration_type' IN ('HTTP', 'HTTP_PROXY')
) AS http ON true
