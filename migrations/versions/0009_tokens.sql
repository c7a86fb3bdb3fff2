-- Scopes carry a token per REST API: items need no bucket. What is stored is compared once in full, since no token of it is known.
ALTER TABLE cmdb.scope ADD COLUMN tokens BYTEA;
COMMENT ON COLUMN cmdb.scope.tokens IS 'Tokens of what was last read of each REST API. Null or empty: unknown.';
COMMENT ON COLUMN cmdb.scope.digest IS 'Digest of what was last read. Null or empty: unknown.';
-- Apart from the row that is updated every night, and as it is: it cannot be compressed.
ALTER TABLE cmdb.scope ALTER COLUMN tokens SET STORAGE EXTERNAL;
ALTER TABLE cmdb.rest_api DROP COLUMN bucket;
ALTER TABLE cmdb.stage DROP COLUMN bucket;
ALTER TABLE cmdb.certificate DROP COLUMN bucket;
