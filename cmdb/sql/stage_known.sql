-- What is known of the stages of some REST APIs.
SELECT s.account_region_id, a.rest_api_id, s.stage_name, s.stage_id, s.digest, s.valid_to
FROM unnest(%(regions)s::integer[], %(ids)s::text[]) AS wanted (account_region_id, rest_api_id)
JOIN cmdb.rest_api AS a
    ON a.account_region_id = wanted.account_region_id AND a.rest_api_id = wanted.rest_api_id
JOIN cmdb.stage AS s ON s.account_region_id = a.account_region_id AND s.rest_api_key = a.rest_api_key
