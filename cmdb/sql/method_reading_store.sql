-- Remember when and for which deployments methods were read.
INSERT INTO cmdb.method_reading (rest_api_key, read_at, deployment_ids)
SELECT rest_api_key, %(as_of)s, deployment_ids
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (rest_api_key bigint, deployment_ids text[])
ON CONFLICT (rest_api_key) DO UPDATE
SET read_at = excluded.read_at, deployment_ids = excluded.deployment_ids
