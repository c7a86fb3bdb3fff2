-- Every version of REST APIs and of their methods' integration types, by names instead of keys.
SELECT a.rest_api_id, v.what, v.valid_from, v.valid_to, v.detail
FROM (
    SELECT item_id, 'api' AS what, valid_from, valid_to, is_private::text AS detail FROM cmdb.rest_api
    UNION ALL
    SELECT item_id, 'api', valid_from, valid_to, is_private::text FROM cmdb.rest_api_closed
    UNION ALL
    SELECT parent_id, 'methods', valid_from, valid_to, types::text FROM cmdb.integration
    UNION ALL
    SELECT i.parent_id, 'methods', x.valid_from, x.valid_to, x.types::text
    FROM cmdb.integration_closed AS x JOIN cmdb.integration AS i ON i.item_id = x.item_id
) AS v
JOIN cmdb.rest_api AS a ON a.item_id = v.item_id
ORDER BY a.rest_api_id, v.what, v.valid_from
