-- What incremental evaluation looks things up by, and room for updates in hot tables.
ALTER TABLE compliance.evaluation ADD COLUMN last_version_id BIGINT;
COMMENT ON COLUMN compliance.evaluation.last_version_id IS 'Items and integrations with later ids came after it. Null: unknown, the next evaluation is a full one.';
CREATE INDEX ix_stage_valid_to ON cmdb.stage (valid_to) WHERE valid_to IS NOT NULL;
CREATE INDEX ix_stage_account_region_id_client_certificate_id ON cmdb.stage (account_region_id, client_certificate_id) WHERE client_certificate_id IS NOT NULL;
CREATE INDEX ix_certificate_valid_to ON cmdb.certificate (valid_to) WHERE valid_to IS NOT NULL;
DROP INDEX cmdb.ix_integration_account_region_id;
CREATE INDEX ix_integration_version_id ON cmdb.integration (version_id);
CREATE INDEX ix_stage_closed_superseded_at ON cmdb.stage_closed (superseded_at);
CREATE INDEX ix_rest_api_closed_superseded_at ON cmdb.rest_api_closed (superseded_at);
CREATE INDEX ix_integration_closed_superseded_at ON cmdb.integration_closed (superseded_at);
CREATE INDEX ix_certificate_closed_superseded_at ON cmdb.certificate_closed (superseded_at);
-- Every scope's row is updated every night: within its page, and without the digest, which lies apart.
ALTER TABLE cmdb.scope SET (fillfactor = 40, toast_tuple_target = 128);
ALTER TABLE cmdb.scope ALTER COLUMN digest SET STORAGE EXTERNAL;
ALTER TABLE cmdb.method_reading SET (fillfactor = 70);
COMMENT ON COLUMN compliance.evaluation.mode IS 'full, incremental or backfill.';
