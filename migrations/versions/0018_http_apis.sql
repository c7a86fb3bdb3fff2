-- HTTP and WebSocket APIs with their stages, routes and integrations.
CREATE TABLE cmdb.api (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    api_id TEXT NOT NULL,
    name TEXT,
    protocol_type TEXT,
    CONSTRAINT pk_api PRIMARY KEY (item_id),
    CONSTRAINT uq_api_account_region_id_api_id UNIQUE (account_region_id, api_id),
    CONSTRAINT ck_api_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_api_valid_to ON cmdb.api (valid_to) WHERE valid_to IS NOT NULL;
CREATE TABLE cmdb.api_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_api_payload PRIMARY KEY (item_id)
);
CREATE TABLE cmdb.api_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    name TEXT,
    protocol_type TEXT,
    payload JSONB NOT NULL,
    CONSTRAINT pk_api_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_api_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_api_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_api_closed_superseded_at ON cmdb.api_closed (superseded_at);
CREATE TABLE cmdb.api_stage (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    parent_id BIGINT NOT NULL,
    stage_name TEXT NOT NULL,
    client_certificate_id TEXT,
    certificate_named_at TIMESTAMP WITH TIME ZONE NOT NULL,
    secret_variables TEXT[],
    CONSTRAINT pk_api_stage PRIMARY KEY (item_id),
    CONSTRAINT uq_api_stage_account_region_id_parent_id_stage_name UNIQUE (account_region_id, parent_id, stage_name),
    CONSTRAINT ck_api_stage_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_api_stage_account_region_id_client_certificate_id ON cmdb.api_stage (account_region_id, client_certificate_id) WHERE client_certificate_id IS NOT NULL;
CREATE INDEX ix_api_stage_valid_to ON cmdb.api_stage (valid_to) WHERE valid_to IS NOT NULL;
CREATE TABLE cmdb.api_stage_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_api_stage_payload PRIMARY KEY (item_id)
);
CREATE TABLE cmdb.api_stage_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    client_certificate_id TEXT,
    certificate_named_at TIMESTAMP WITH TIME ZONE NOT NULL,
    secret_variables TEXT[],
    payload JSONB NOT NULL,
    CONSTRAINT pk_api_stage_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_api_stage_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_api_stage_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_api_stage_closed_superseded_at ON cmdb.api_stage_closed (superseded_at);
CREATE TABLE cmdb.api_routes (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    parent_id BIGINT NOT NULL,
    CONSTRAINT pk_api_routes PRIMARY KEY (item_id),
    CONSTRAINT uq_api_routes_account_region_id_parent_id UNIQUE (account_region_id, parent_id),
    CONSTRAINT ck_api_routes_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_api_routes_valid_to ON cmdb.api_routes (valid_to) WHERE valid_to IS NOT NULL;
CREATE TABLE cmdb.api_routes_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_api_routes_payload PRIMARY KEY (item_id)
);
CREATE TABLE cmdb.api_routes_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_api_routes_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_api_routes_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_api_routes_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_api_routes_closed_superseded_at ON cmdb.api_routes_closed (superseded_at);
CREATE TABLE cmdb.api_integrations (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    parent_id BIGINT NOT NULL,
    CONSTRAINT pk_api_integrations PRIMARY KEY (item_id),
    CONSTRAINT uq_api_integrations_account_region_id_parent_id UNIQUE (account_region_id, parent_id),
    CONSTRAINT ck_api_integrations_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_api_integrations_valid_to ON cmdb.api_integrations (valid_to) WHERE valid_to IS NOT NULL;
CREATE TABLE cmdb.api_integrations_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_api_integrations_payload PRIMARY KEY (item_id)
);
CREATE TABLE cmdb.api_integrations_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_api_integrations_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_api_integrations_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_api_integrations_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_api_integrations_closed_superseded_at ON cmdb.api_integrations_closed (superseded_at);

COMMENT ON TABLE cmdb.api IS 'Items of type HTTP or WebSocket API (apigatewayv2:GetApis), latest version each.';
COMMENT ON COLUMN cmdb.api.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.api.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.api.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.api.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.api.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.api.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.api.api_id IS 'AWS id of the HTTP or WebSocket API.';
COMMENT ON COLUMN cmdb.api.name IS 'Name. Null: none was given.';
COMMENT ON COLUMN cmdb.api.protocol_type IS 'HTTP or WEBSOCKET. Null: AWS did not say.';
COMMENT ON TABLE cmdb.api_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.api_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.api_payload.payload IS 'The latest version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.api_closed IS 'Closed versions of items of type HTTP or WebSocket API.';
COMMENT ON COLUMN cmdb.api_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.api_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.api_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.api_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.api_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.api_closed.name IS 'Name. Null: none was given.';
COMMENT ON COLUMN cmdb.api_closed.protocol_type IS 'HTTP or WEBSOCKET. Null: AWS did not say.';
COMMENT ON COLUMN cmdb.api_closed.payload IS 'The version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.api_stage IS 'Items of type HTTP or WebSocket API stage (apigatewayv2:GetStages), latest version each.';
COMMENT ON COLUMN cmdb.api_stage.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.api_stage.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.api_stage.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.api_stage.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.api_stage.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.api_stage.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.api_stage.parent_id IS 'The api that it belongs to.';
COMMENT ON COLUMN cmdb.api_stage.stage_name IS 'Name, unique within the API.';
COMMENT ON COLUMN cmdb.api_stage.client_certificate_id IS 'Client certificate that it presents to its HTTP backends (WebSocket). Null: it names none.';
COMMENT ON COLUMN cmdb.api_stage.certificate_named_at IS 'Since when client_certificate_id has had its value without a break.';
COMMENT ON COLUMN cmdb.api_stage.secret_variables IS 'Names of stage variables whose values look like secrets: judged when they are read, since the values are never kept. Null: it has no variables.';
COMMENT ON TABLE cmdb.api_stage_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.api_stage_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.api_stage_payload.payload IS 'The latest version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.api_stage_closed IS 'Closed versions of items of type HTTP or WebSocket API stage.';
COMMENT ON COLUMN cmdb.api_stage_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.api_stage_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.api_stage_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.api_stage_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.api_stage_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.api_stage_closed.client_certificate_id IS 'Client certificate that it presents to its HTTP backends (WebSocket). Null: it names none.';
COMMENT ON COLUMN cmdb.api_stage_closed.certificate_named_at IS 'Since when client_certificate_id has had its value without a break.';
COMMENT ON COLUMN cmdb.api_stage_closed.secret_variables IS 'Names of stage variables whose values look like secrets: judged when they are read, since the values are never kept. Null: it has no variables.';
COMMENT ON COLUMN cmdb.api_stage_closed.payload IS 'The version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.api_routes IS 'Items of type routes of an HTTP or WebSocket API (apigatewayv2:GetRoutes), latest version each.';
COMMENT ON COLUMN cmdb.api_routes.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.api_routes.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.api_routes.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.api_routes.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.api_routes.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.api_routes.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.api_routes.parent_id IS 'The api that it belongs to.';
COMMENT ON TABLE cmdb.api_routes_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.api_routes_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.api_routes_payload.payload IS 'The latest version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.api_routes_closed IS 'Closed versions of items of type routes of an HTTP or WebSocket API.';
COMMENT ON COLUMN cmdb.api_routes_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.api_routes_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.api_routes_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.api_routes_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.api_routes_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.api_routes_closed.payload IS 'The version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.api_integrations IS 'Items of type integrations of an HTTP or WebSocket API (apigatewayv2:GetIntegrations), latest version each.';
COMMENT ON COLUMN cmdb.api_integrations.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.api_integrations.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.api_integrations.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.api_integrations.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.api_integrations.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.api_integrations.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.api_integrations.parent_id IS 'The api that it belongs to.';
COMMENT ON TABLE cmdb.api_integrations_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.api_integrations_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.api_integrations_payload.payload IS 'The latest version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.api_integrations_closed IS 'Closed versions of items of type integrations of an HTTP or WebSocket API.';
COMMENT ON COLUMN cmdb.api_integrations_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.api_integrations_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.api_integrations_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.api_integrations_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.api_integrations_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.api_integrations_closed.payload IS 'The version as AWS gave it, normalised.';
