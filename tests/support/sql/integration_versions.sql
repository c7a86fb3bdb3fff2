-- Every version of REST APIs and of their methods' integration types, by names instead of keys.
SELECT a.rest_api_id, v.what, v.valid_from, v.valid_to, v.detail
FROM (
    SELECT rest_api_key, 'api' AS what, valid_from, valid_to, is_private::text AS detail FROM cmdb.rest_api
    UNION ALL
    SELECT rest_api_key, 'api', valid_from, valid_to, is_private::text FROM cmdb.rest_api_closed
    UNION ALL
    SELECT rest_api_key, 'methods', valid_from, valid_to, types::text FROM cmdb.integration
    UNION ALL
    SELECT rest_api_key, 'methods', valid_from, valid_to, types::text FROM cmdb.integration_closed
) AS v
JOIN cmdb.rest_api AS a ON a.rest_api_key = v.rest_api_key
ORDER BY a.rest_api_id, v.what, v.valid_from
