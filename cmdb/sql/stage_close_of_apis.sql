-- Close the live stages of REST APIs that are gone; how many by account-region.
WITH closed AS (
    UPDATE cmdb.stage SET valid_to = %(as_of)s
    WHERE account_region_id = ANY(%(regions)s) AND rest_api_key = ANY(%(keys)s) AND valid_to IS NULL
    RETURNING account_region_id
)
SELECT account_region_id, count(*)::integer FROM closed GROUP BY account_region_id
