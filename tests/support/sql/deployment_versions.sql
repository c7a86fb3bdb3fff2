-- Every version of REST APIs and of their deployments, by names instead of keys.
SELECT a.rest_api_id, v.what, v.valid_from, v.valid_to, v.detail
FROM (
    SELECT item_id, 'api' AS what, valid_from, valid_to, is_private::text AS detail FROM cmdb.rest_api
    UNION ALL
    SELECT item_id, 'api', valid_from, valid_to, is_private::text FROM cmdb.rest_api_closed
    UNION ALL
    SELECT parent_id, deployment_id, valid_from, valid_to, types::text FROM cmdb.deployment
    UNION ALL
    SELECT i.parent_id, i.deployment_id, x.valid_from, x.valid_to, x.types::text
    FROM cmdb.deployment_closed AS x JOIN cmdb.deployment AS i ON i.item_id = x.item_id
) AS v
JOIN cmdb.rest_api AS a ON a.item_id = v.item_id
ORDER BY a.rest_api_id, v.what, v.valid_from
