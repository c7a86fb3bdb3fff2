-- Payloads of the new versions of staged REST APIs.
UPDATE cmdb.rest_api_payload AS p
SET payload = n.payload
FROM pg_temp.changed_rest_api AS n
WHERE p.rest_api_key = n.rest_api_key
