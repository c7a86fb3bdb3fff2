-- Payloads of deployments are found by the digest of the definition alone (pg_temp.definition has all of them), so that equal ones are stored once.
ANALYZE pg_temp.definition;
UPDATE cmdb.deployment AS d
SET digest = n.digest
FROM cmdb.deployment_payload AS p
JOIN pg_temp.definition AS n ON n.payload = p.payload
WHERE p.item_id = d.item_id;
ALTER TABLE cmdb.deployment_closed ADD COLUMN digest BYTEA;
UPDATE cmdb.deployment_closed AS x
SET digest = n.digest
FROM pg_temp.definition AS n
WHERE n.payload = x.payload;
ALTER TABLE cmdb.deployment_closed ALTER COLUMN digest SET NOT NULL;
ALTER TABLE cmdb.deployment_closed DROP COLUMN payload;
DROP TABLE cmdb.deployment_payload;
CREATE TABLE cmdb.deployment_payload (
    digest BYTEA NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_deployment_payload PRIMARY KEY (digest)
);
INSERT INTO cmdb.deployment_payload (digest, payload)
SELECT digest, payload FROM pg_temp.definition ORDER BY digest;
COMMENT ON COLUMN cmdb.deployment_closed.digest IS 'Digest of the canonical payload.';
COMMENT ON TABLE cmdb.deployment_payload IS 'Payloads of latest and closed versions; equal ones are stored once.';
COMMENT ON COLUMN cmdb.deployment_payload.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.deployment_payload.payload IS 'What versions with this digest are, as AWS gave it, normalised.';
