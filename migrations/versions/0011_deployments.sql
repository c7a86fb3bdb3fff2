-- Deployments, which stages serve: their definitions, and the deployment of a stage's canary as a column. Drafts are no longer read.
CREATE TABLE cmdb.deployment (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    parent_id BIGINT NOT NULL,
    deployment_id TEXT NOT NULL,
    types TEXT[] NOT NULL,
    has_http BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT pk_deployment PRIMARY KEY (item_id),
    CONSTRAINT uq_deployment_account_region_id_parent_id_deployment_id UNIQUE (account_region_id, parent_id, deployment_id),
    CONSTRAINT ck_deployment_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_deployment_valid_to ON cmdb.deployment (valid_to) WHERE valid_to IS NOT NULL;
CREATE TABLE cmdb.deployment_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_deployment_payload PRIMARY KEY (item_id)
);
CREATE TABLE cmdb.deployment_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    types TEXT[] NOT NULL,
    has_http BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_deployment_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_deployment_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_deployment_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_deployment_closed_superseded_at ON cmdb.deployment_closed (superseded_at);

ALTER TABLE cmdb.stage ADD COLUMN canary_deployment_id TEXT;
ALTER TABLE cmdb.stage_closed ADD COLUMN canary_deployment_id TEXT;
UPDATE cmdb.stage AS s
SET canary_deployment_id = p.payload -> 'canarySettings' ->> 'deploymentId'
FROM cmdb.stage_payload AS p
WHERE p.item_id = s.item_id AND jsonb_typeof(p.payload -> 'canarySettings' -> 'deploymentId') = 'string';
UPDATE cmdb.stage_closed
SET canary_deployment_id = payload -> 'canarySettings' ->> 'deploymentId'
WHERE jsonb_typeof(payload -> 'canarySettings' -> 'deploymentId') = 'string';

-- The scope of drafts ends right after the last run: no run reads it any more, and none fails to.
UPDATE cmdb.scope_state
SET valid_to = greatest(valid_from, (SELECT max(r.as_of) FROM cmdb.run AS r)) + interval '1 microsecond'
WHERE item_type = 'integration' AND valid_to IS NULL;
UPDATE cmdb.unread_item
SET valid_to = greatest(valid_from, (SELECT max(r.as_of) FROM cmdb.run AS r)) + interval '1 microsecond'
WHERE item_type = 'integration' AND valid_to IS NULL;
DELETE FROM cmdb.scope WHERE item_type = 'integration';

COMMENT ON TABLE cmdb.deployment IS 'Items of type deployment of a REST API (apigateway:GetExport), latest version each.';
COMMENT ON COLUMN cmdb.deployment.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.deployment.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.deployment.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.deployment.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.deployment.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.deployment.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.deployment.read_at IS 'as_of of the run that read it last. Null: not known.';
COMMENT ON COLUMN cmdb.deployment.parent_id IS 'The rest_api that it belongs to.';
COMMENT ON COLUMN cmdb.deployment.deployment_id IS 'Id, unique within the REST API.';
COMMENT ON COLUMN cmdb.deployment.types IS 'Integration types of its methods, sorted.';
COMMENT ON COLUMN cmdb.deployment.has_http IS 'Whether HTTP or HTTP_PROXY is among them.';
COMMENT ON COLUMN cmdb.deployment.source IS 'Where its definition was read: EXPORT (GetExport).';
COMMENT ON TABLE cmdb.deployment_closed IS 'Closed versions of items of type deployment of a REST API.';
COMMENT ON COLUMN cmdb.deployment_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.deployment_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.deployment_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.deployment_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.deployment_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.deployment_closed.types IS 'Integration types of its methods, sorted.';
COMMENT ON COLUMN cmdb.deployment_closed.has_http IS 'Whether HTTP or HTTP_PROXY is among them.';
COMMENT ON COLUMN cmdb.deployment_closed.source IS 'Where its definition was read: EXPORT (GetExport).';
COMMENT ON COLUMN cmdb.deployment_closed.payload IS 'The version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.deployment_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.deployment_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.deployment_payload.payload IS 'The latest version as AWS gave it, normalised.';
COMMENT ON COLUMN cmdb.stage.canary_deployment_id IS 'Deployment that its canary serves. Null: it has no canary, or AWS named no deployment.';
COMMENT ON COLUMN cmdb.stage_closed.canary_deployment_id IS 'Deployment that its canary serves. Null: it has no canary, or AWS named no deployment.';
