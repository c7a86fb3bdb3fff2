-- Is each HTTP backend that the stage serves called over HTTPS?
SELECT
    CASE
        WHEN cardinality(http.plain) > 0 THEN 'plain_http'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array'
            OR (stage.canary_deployment_id IS NOT NULL AND jsonb_typeof(canary.methods) IS DISTINCT FROM 'array')
            THEN 'methods_unknown'
        WHEN cardinality(http.other) = 0 AND NOT http.is_https THEN 'no_http_integration'
        WHEN cardinality(http.other) > 0 THEN 'scheme_unknown'
        WHEN http.is_https THEN 'https_only'
    END AS condition,
    CASE WHEN cardinality(http.plain) > 0 THEN http.plain ELSE http.other END AS subjects
FROM stage
LEFT JOIN deployment
    ON deployment.parent_id = stage.parent_id AND deployment.deployment_id = stage.deployment_id
LEFT JOIN deployment AS canary
    ON canary.parent_id = stage.parent_id AND canary.deployment_id = stage.canary_deployment_id
LEFT JOIN LATERAL (
    SELECT
        array_agg(DISTINCT served.method ORDER BY served.method)
            FILTER (WHERE served.definition ->> 'uri_scheme' = 'http') AS plain,
        coalesce(
            array_agg(DISTINCT served.method ORDER BY served.method)
                FILTER (WHERE coalesce(served.definition ->> 'uri_scheme', '') NOT IN ('http', 'https')),
            CAST(ARRAY[] AS text[])
        ) AS other,
        count(*) FILTER (WHERE served.definition ->> 'uri_scheme' = 'https') > 0 AS is_https
    FROM served_methods(deployment.methods, canary.methods) AS served
    WHERE served.definition ->> 'integration_type' IN ('HTTP', 'HTTP_PROXY')
) AS http ON true
