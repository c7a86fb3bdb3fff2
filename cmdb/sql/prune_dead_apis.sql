-- Drop REST APIs that disappeared before the limit and have no stage left, so many at a time.
WITH dead AS (
    DELETE FROM cmdb.rest_api
    WHERE rest_api_key IN (
        SELECT a.rest_api_key
        FROM cmdb.rest_api AS a
        WHERE a.valid_to <= %(limit)s
          AND NOT EXISTS (
              SELECT FROM cmdb.stage AS s
              WHERE s.account_region_id = a.account_region_id AND s.rest_api_key = a.rest_api_key
          )
        LIMIT %(batch)s
    )
    RETURNING rest_api_key
),
payload AS (DELETE FROM cmdb.rest_api_payload WHERE rest_api_key IN (SELECT rest_api_key FROM dead)),
version AS (DELETE FROM cmdb.rest_api_closed WHERE rest_api_key IN (SELECT rest_api_key FROM dead)),
methods AS (DELETE FROM cmdb.method_reading WHERE rest_api_key IN (SELECT rest_api_key FROM dead)),
integration AS (DELETE FROM cmdb.integration WHERE rest_api_key IN (SELECT rest_api_key FROM dead)),
past AS (DELETE FROM cmdb.integration_closed WHERE rest_api_key IN (SELECT rest_api_key FROM dead))
SELECT count(*) FROM dead
