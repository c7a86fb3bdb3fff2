-- Scopes carry a token per REST API instead of a digest per bucket; what they carry now is then compared once in full.
ALTER TABLE cmdb.rest_api DROP COLUMN bucket;
ALTER TABLE cmdb.stage DROP COLUMN bucket;
ALTER TABLE cmdb.certificate DROP COLUMN bucket;
COMMENT ON COLUMN cmdb.scope.digest IS 'Tokens of what was last read of its parts. Null or empty: unknown.';
