-- Is mutual TLS of the domain name whole, and can nobody go around it? The first branch that holds decides.
-- A private API's default endpoint is behind its VPC endpoints, and no way around a public domain name.
WITH behind AS (
    SELECT
        r.account_region_id,
        r.rest_api_id AS api_id,
        r.name,
        r.disappeared_at IS NOT NULL OR r.is_fresh AS is_known,
        r.disappeared_at IS NULL AND r.is_fresh AND NOT r.is_private
        AND r.disable_execute_api_endpoint IS NOT TRUE AS is_open
    FROM rest_api AS r
    UNION ALL
    SELECT
        a.account_region_id,
        a.api_id,
        a.name,
        a.disappeared_at IS NOT NULL OR a.is_fresh AS is_known,
        a.disappeared_at IS NULL AND a.is_fresh AND a.disable_execute_api_endpoint IS NOT TRUE AS is_open
    FROM api AS a
)
SELECT
    CASE
        WHEN coalesce(btrim(domain_name.truststore_uri), '') = '' THEN 'no_mutual_tls'
        WHEN cardinality(domain_name.truststore_warnings) > 0 THEN 'truststore_faulty'
        WHEN domain_mapping.is_fresh AND EXISTS (
            SELECT 1
            FROM behind AS b
            WHERE b.account_region_id = domain_name.account_region_id
                AND b.api_id = ANY(domain_mapping.api_ids)
                AND b.is_open
        ) THEN 'default_endpoint_open'
        WHEN domain_mapping.is_fresh IS NOT TRUE
            OR cardinality(domain_mapping.api_ids) > (
                SELECT count(*)
                FROM behind AS b
                WHERE b.account_region_id = domain_name.account_region_id
                    AND b.api_id = ANY(domain_mapping.api_ids)
                    AND b.is_known
            ) THEN 'apis_unknown'
        WHEN domain_name.truststore_uri IS NOT NULL THEN 'mutual_tls_enforced'
    END AS condition,
    CASE
        WHEN cardinality(domain_name.truststore_warnings) > 0 THEN domain_name.truststore_warnings
        ELSE ARRAY(
            SELECT b.api_id || coalesce(' (' || b.name || ')', '') COLLATE "C"
            FROM behind AS b
            WHERE b.account_region_id = domain_name.account_region_id
                AND b.api_id = ANY(domain_mapping.api_ids)
                AND b.is_open
            ORDER BY 1
        )
    END AS subjects
FROM domain_name
LEFT JOIN domain_mapping ON domain_mapping.parent_id = domain_name.item_id AND domain_mapping.disappeared_at IS NULL
