-- Custom domain names and where they lead, usage plans, and the settings of accounts.
CREATE TABLE cmdb.domain_name (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    domain TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_domain_name PRIMARY KEY (item_id),
    CONSTRAINT uq_domain_name_account_region_id_domain UNIQUE (account_region_id, domain),
    CONSTRAINT ck_domain_name_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_domain_name_valid_to ON cmdb.domain_name (valid_to) WHERE valid_to IS NOT NULL;
COMMENT ON TABLE cmdb.domain_name IS 'Items of type custom domain name (apigateway:GetDomainNames), latest version each.';
COMMENT ON COLUMN cmdb.domain_name.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.domain_name.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.domain_name.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.domain_name.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.domain_name.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.domain_name.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.domain_name.domain IS 'Domain name, unique in its region; of a private one, of which there may be several, its ARN.';
COMMENT ON COLUMN cmdb.domain_name.name IS 'Domain name.';
CREATE TABLE cmdb.domain_name_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_domain_name_payload PRIMARY KEY (item_id)
);
COMMENT ON TABLE cmdb.domain_name_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.domain_name_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.domain_name_payload.payload IS 'The latest version as AWS gave it, normalised.';
CREATE TABLE cmdb.domain_name_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_domain_name_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_domain_name_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_domain_name_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_domain_name_closed_superseded_at ON cmdb.domain_name_closed (superseded_at);
COMMENT ON TABLE cmdb.domain_name_closed IS 'Closed versions of items of type custom domain name.';
COMMENT ON COLUMN cmdb.domain_name_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.domain_name_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.domain_name_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.domain_name_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.domain_name_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.domain_name_closed.name IS 'Domain name.';
COMMENT ON COLUMN cmdb.domain_name_closed.payload IS 'The version as AWS gave it, normalised.';
CREATE TABLE cmdb.domain_mapping (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    parent_id BIGINT NOT NULL,
    api_ids TEXT[] NOT NULL,
    CONSTRAINT pk_domain_mapping PRIMARY KEY (item_id),
    CONSTRAINT uq_domain_mapping_account_region_id_parent_id UNIQUE (account_region_id, parent_id),
    CONSTRAINT ck_domain_mapping_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_domain_mapping_valid_to ON cmdb.domain_mapping (valid_to) WHERE valid_to IS NOT NULL;
COMMENT ON TABLE cmdb.domain_mapping IS 'Items of type mappings of a custom domain name (apigatewayv2:GetApiMappings, apigateway:GetBasePathMappings, apigatewayv2:ListRoutingRules), latest version each.';
COMMENT ON COLUMN cmdb.domain_mapping.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.domain_mapping.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.domain_mapping.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.domain_mapping.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.domain_mapping.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.domain_mapping.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.domain_mapping.parent_id IS 'The domain_name that it belongs to.';
COMMENT ON COLUMN cmdb.domain_mapping.api_ids IS 'APIs of any kind that it leads to, by mapping or routing rule, sorted.';
CREATE TABLE cmdb.domain_mapping_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_domain_mapping_payload PRIMARY KEY (item_id)
);
COMMENT ON TABLE cmdb.domain_mapping_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.domain_mapping_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.domain_mapping_payload.payload IS 'The latest version as AWS gave it, normalised.';
CREATE TABLE cmdb.domain_mapping_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    api_ids TEXT[] NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_domain_mapping_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_domain_mapping_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_domain_mapping_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_domain_mapping_closed_superseded_at ON cmdb.domain_mapping_closed (superseded_at);
COMMENT ON TABLE cmdb.domain_mapping_closed IS 'Closed versions of items of type mappings of a custom domain name.';
COMMENT ON COLUMN cmdb.domain_mapping_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.domain_mapping_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.domain_mapping_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.domain_mapping_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.domain_mapping_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.domain_mapping_closed.api_ids IS 'APIs of any kind that it leads to, by mapping or routing rule, sorted.';
COMMENT ON COLUMN cmdb.domain_mapping_closed.payload IS 'The version as AWS gave it, normalised.';
CREATE TABLE cmdb.usage_plan (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    usage_plan_id TEXT NOT NULL,
    name TEXT,
    CONSTRAINT pk_usage_plan PRIMARY KEY (item_id),
    CONSTRAINT uq_usage_plan_account_region_id_usage_plan_id UNIQUE (account_region_id, usage_plan_id),
    CONSTRAINT ck_usage_plan_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_usage_plan_valid_to ON cmdb.usage_plan (valid_to) WHERE valid_to IS NOT NULL;
COMMENT ON TABLE cmdb.usage_plan IS 'Items of type usage plan (apigateway:GetUsagePlans), latest version each.';
COMMENT ON COLUMN cmdb.usage_plan.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.usage_plan.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.usage_plan.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.usage_plan.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.usage_plan.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.usage_plan.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.usage_plan.usage_plan_id IS 'AWS id of the usage plan.';
COMMENT ON COLUMN cmdb.usage_plan.name IS 'Name. Null: none was given.';
CREATE TABLE cmdb.usage_plan_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_usage_plan_payload PRIMARY KEY (item_id)
);
COMMENT ON TABLE cmdb.usage_plan_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.usage_plan_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.usage_plan_payload.payload IS 'The latest version as AWS gave it, normalised.';
CREATE TABLE cmdb.usage_plan_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    name TEXT,
    payload JSONB NOT NULL,
    CONSTRAINT pk_usage_plan_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_usage_plan_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_usage_plan_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_usage_plan_closed_superseded_at ON cmdb.usage_plan_closed (superseded_at);
COMMENT ON TABLE cmdb.usage_plan_closed IS 'Closed versions of items of type usage plan.';
COMMENT ON COLUMN cmdb.usage_plan_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.usage_plan_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.usage_plan_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.usage_plan_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.usage_plan_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.usage_plan_closed.name IS 'Name. Null: none was given.';
COMMENT ON COLUMN cmdb.usage_plan_closed.payload IS 'The version as AWS gave it, normalised.';
CREATE TABLE cmdb.account_settings (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    settings TEXT NOT NULL,
    cloudwatch_role_arn TEXT,
    CONSTRAINT pk_account_settings PRIMARY KEY (item_id),
    CONSTRAINT uq_account_settings_account_region_id_settings UNIQUE (account_region_id, settings),
    CONSTRAINT ck_account_settings_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_account_settings_valid_to ON cmdb.account_settings (valid_to) WHERE valid_to IS NOT NULL;
COMMENT ON TABLE cmdb.account_settings IS 'Items of type API Gateway account settings (apigateway:GetAccount), latest version each.';
COMMENT ON COLUMN cmdb.account_settings.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.account_settings.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.account_settings.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.account_settings.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.account_settings.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.account_settings.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.account_settings.settings IS 'Always `account`, as in its ARN: there are one account''s settings in each region.';
COMMENT ON COLUMN cmdb.account_settings.cloudwatch_role_arn IS 'Role with which API Gateway writes logs of REST and WebSocket APIs to CloudWatch Logs. Null: there is none: no such log is written.';
CREATE TABLE cmdb.account_settings_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_account_settings_payload PRIMARY KEY (item_id)
);
COMMENT ON TABLE cmdb.account_settings_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.account_settings_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.account_settings_payload.payload IS 'The latest version as AWS gave it, normalised.';
CREATE TABLE cmdb.account_settings_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    cloudwatch_role_arn TEXT,
    payload JSONB NOT NULL,
    CONSTRAINT pk_account_settings_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_account_settings_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_account_settings_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_account_settings_closed_superseded_at ON cmdb.account_settings_closed (superseded_at);
COMMENT ON TABLE cmdb.account_settings_closed IS 'Closed versions of items of type API Gateway account settings.';
COMMENT ON COLUMN cmdb.account_settings_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.account_settings_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.account_settings_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.account_settings_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.account_settings_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.account_settings_closed.cloudwatch_role_arn IS 'Role with which API Gateway writes logs of REST and WebSocket APIs to CloudWatch Logs. Null: there is none: no such log is written.';
COMMENT ON COLUMN cmdb.account_settings_closed.payload IS 'The version as AWS gave it, normalised.';
