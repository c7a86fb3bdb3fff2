-- Is a WAF web ACL associated with the stage? The first branch that holds decides.
SELECT
    CASE
        WHEN NOT :private AND rest_api.is_private THEN 'private_endpoint'
        WHEN NOT :private AND rest_api.is_private IS NULL THEN 'endpoint_unknown'
        WHEN stage.web_acl_arn IS NULL OR btrim(stage.web_acl_arn) = '' THEN 'web_acl_missing'
        WHEN stage.web_acl_arn IS NOT NULL THEN 'web_acl_associated'
    END AS condition
FROM stage
LEFT JOIN rest_api ON rest_api.item_id = stage.parent_id
