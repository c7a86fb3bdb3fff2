-- Stages note which of their variables look like secrets. Versions that are there lack it until a reading of the same version fills it in: no item changes.
ALTER TABLE cmdb.stage ADD COLUMN secret_variables TEXT[];
ALTER TABLE cmdb.stage ADD COLUMN secrets_known_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE cmdb.stage_closed ADD COLUMN secret_variables TEXT[];
CREATE INDEX ix_stage_secrets_known_at ON cmdb.stage (secrets_known_at) WHERE secrets_known_at IS NOT NULL;
COMMENT ON COLUMN cmdb.stage.secret_variables IS 'Names of stage variables, those that a canary overrides included, whose values look like secrets: judged when they are read, since the values are never kept. Null: it has no variables, or none was looked at.';
COMMENT ON COLUMN cmdb.stage.secrets_known_at IS 'When secret_variables was filled in. Null: it came with the version, or is not known.';
COMMENT ON COLUMN cmdb.stage_closed.secret_variables IS 'Names of stage variables, those that a canary overrides included, whose values look like secrets: judged when they are read, since the values are never kept. Null: it has no variables, or none was looked at.';
