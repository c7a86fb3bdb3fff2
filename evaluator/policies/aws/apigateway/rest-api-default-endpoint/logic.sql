-- Can the API be reached beside the custom domain names that lead to it? The first branch that holds decides.
SELECT
    CASE
        WHEN mapping.item_id IS NOT NULL AND rest_api.disable_execute_api_endpoint THEN 'endpoint_disabled'
        WHEN mapping.item_id IS NOT NULL THEN 'endpoint_enabled'
        WHEN listed.is_fresh IS NOT TRUE
            OR led.is_fresh IS NOT TRUE
            OR EXISTS (
                SELECT 1
                FROM domain_name AS d
                LEFT JOIN domain_mapping AS m ON m.parent_id = d.item_id AND m.disappeared_at IS NULL
                WHERE d.account_region_id = rest_api.account_region_id
                    AND d.disappeared_at IS NULL
                    AND m.is_fresh IS NOT TRUE
            ) THEN 'domain_names_unknown'
        WHEN rest_api.item_id IS NOT NULL THEN 'no_domain_name'
    END AS condition,
    ARRAY(
        SELECT DISTINCT d.name COLLATE "C"
        FROM domain_mapping AS m
        JOIN domain_name AS d ON d.item_id = m.parent_id
        WHERE m.account_region_id = rest_api.account_region_id
            AND m.disappeared_at IS NULL
            AND m.is_fresh
            AND rest_api.rest_api_id = ANY(m.api_ids)
        ORDER BY 1
    ) AS subjects
FROM rest_api
-- Of the domain names that lead to it, one as evidence.
LEFT JOIN domain_mapping AS mapping
    ON mapping.item_id = (
        SELECT min(m.item_id)
        FROM domain_mapping AS m
        WHERE m.account_region_id = rest_api.account_region_id
            AND m.disappeared_at IS NULL
            AND m.is_fresh
            AND rest_api.rest_api_id = ANY(m.api_ids)
    )
LEFT JOIN scope AS listed
    ON listed.account_region_id = rest_api.account_region_id AND listed.item_type = 'domain_name'
LEFT JOIN scope AS led
    ON led.account_region_id = rest_api.account_region_id AND led.item_type = 'domain_mapping'
