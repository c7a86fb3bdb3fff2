-- Is mutual TLS of the domain name whole, and can nobody go around it? The first branch that holds decides.
-- A private API's default endpoint is behind its VPC endpoints, and no way around a public domain name.
SELECT
    CASE
        WHEN coalesce(btrim(domain_name.truststore_uri), '') = '' THEN 'no_mutual_tls'
        WHEN cardinality(domain_name.truststore_warnings) > 0 THEN 'truststore_faulty'
        WHEN EXISTS (
            SELECT 1
            FROM rest_api AS r
            WHERE r.account_region_id = domain_name.account_region_id
                AND r.rest_api_id = ANY(domain_mapping.api_ids)
                AND domain_mapping.is_fresh
                AND r.disappeared_at IS NULL
                AND r.is_fresh
                AND NOT r.is_private
                AND r.disable_execute_api_endpoint IS NOT TRUE
        ) THEN 'default_endpoint_open'
        WHEN domain_mapping.is_fresh IS NOT TRUE
            OR cardinality(domain_mapping.api_ids) > (
                SELECT count(*)
                FROM rest_api AS r
                WHERE r.account_region_id = domain_name.account_region_id
                    AND r.rest_api_id = ANY(domain_mapping.api_ids)
                    AND (r.disappeared_at IS NOT NULL OR r.is_fresh)
            ) THEN 'apis_unknown'
        WHEN domain_name.truststore_uri IS NOT NULL THEN 'mutual_tls_enforced'
    END AS condition,
    CASE
        WHEN cardinality(domain_name.truststore_warnings) > 0 THEN domain_name.truststore_warnings
        ELSE ARRAY(
            SELECT r.rest_api_id || coalesce(' (' || r.name || ')', '')
            FROM rest_api AS r
            WHERE r.account_region_id = domain_name.account_region_id
                AND r.rest_api_id = ANY(domain_mapping.api_ids)
                AND r.disappeared_at IS NULL
                AND r.is_fresh
                AND NOT r.is_private
                AND r.disable_execute_api_endpoint IS NOT TRUE
            ORDER BY 1
        )
    END AS subjects
FROM domain_name
LEFT JOIN domain_mapping ON domain_mapping.parent_id = domain_name.item_id AND domain_mapping.disappeared_at IS NULL
