-- Stages note since when they serve their deployment, which of versions that are there follows from the versions before; and drafts.
ALTER TABLE cmdb.stage ADD COLUMN deployment_served_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE cmdb.stage_closed ADD COLUMN deployment_served_at TIMESTAMP WITH TIME ZONE;
CREATE TEMPORARY TABLE served ON COMMIT DROP AS
SELECT item_id, valid_from, max(valid_from) FILTER (WHERE begins) OVER (PARTITION BY item_id ORDER BY valid_from) AS served_at
FROM (
    SELECT item_id, valid_from,
           valid_from IS DISTINCT FROM lag(valid_to) OVER w
               OR deployment_id IS DISTINCT FROM lag(deployment_id) OVER w AS begins
    FROM (
        SELECT item_id, valid_from, valid_to, deployment_id FROM cmdb.stage
        UNION ALL
        SELECT item_id, valid_from, valid_to, deployment_id FROM cmdb.stage_closed
    ) AS v
    WINDOW w AS (PARTITION BY item_id ORDER BY valid_from)
) AS v;
UPDATE cmdb.stage AS s
SET deployment_served_at = f.served_at
FROM pg_temp.served AS f
WHERE f.item_id = s.item_id AND f.valid_from = s.valid_from;
UPDATE cmdb.stage_closed AS s
SET deployment_served_at = f.served_at
FROM pg_temp.served AS f
WHERE f.item_id = s.item_id AND f.valid_from = s.valid_from;
ALTER TABLE cmdb.stage ALTER COLUMN deployment_served_at SET NOT NULL;
ALTER TABLE cmdb.stage_closed ALTER COLUMN deployment_served_at SET NOT NULL;
COMMENT ON COLUMN cmdb.stage.deployment_served_at IS 'Since when deployment_id has had its value without a break.';
COMMENT ON COLUMN cmdb.stage_closed.deployment_served_at IS 'Since when deployment_id has had its value without a break.';

-- Drafts, which are read only where something asks for them.
CREATE TABLE cmdb.draft (
    item_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    digest BYTEA NOT NULL,
    parent_id BIGINT NOT NULL,
    methods_digest TEXT NOT NULL,
    edited_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_draft PRIMARY KEY (item_id),
    CONSTRAINT uq_draft_account_region_id_parent_id UNIQUE (account_region_id, parent_id),
    CONSTRAINT ck_draft_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_draft_valid_to ON cmdb.draft (valid_to) WHERE valid_to IS NOT NULL;
CREATE TABLE cmdb.draft_payload (
    item_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_draft_payload PRIMARY KEY (item_id)
);
CREATE TABLE cmdb.draft_closed (
    item_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    methods_digest TEXT NOT NULL,
    edited_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_draft_closed PRIMARY KEY (item_id, valid_from),
    CONSTRAINT ck_draft_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_draft_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
CREATE INDEX ix_draft_closed_superseded_at ON cmdb.draft_closed (superseded_at);
COMMENT ON TABLE cmdb.draft IS 'Items of type draft of a REST API (apigateway:GetResources), latest version each.';
COMMENT ON COLUMN cmdb.draft.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.draft.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.draft.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.draft.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.draft.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.draft.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.draft.parent_id IS 'The rest_api that it belongs to.';
COMMENT ON COLUMN cmdb.draft.methods_digest IS 'Digest of its methods, hexadecimal: SHA-256, the first 16 bytes.';
COMMENT ON COLUMN cmdb.draft.edited_at IS 'Since when methods_digest has had its value without a break.';
COMMENT ON TABLE cmdb.draft_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.draft_payload.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.draft_payload.payload IS 'The latest version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.draft_closed IS 'Closed versions of items of type draft of a REST API.';
COMMENT ON COLUMN cmdb.draft_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.draft_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.draft_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.draft_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.draft_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.draft_closed.methods_digest IS 'Digest of its methods, hexadecimal: SHA-256, the first 16 bytes.';
COMMENT ON COLUMN cmdb.draft_closed.edited_at IS 'Since when methods_digest has had its value without a break.';
COMMENT ON COLUMN cmdb.draft_closed.payload IS 'The version as AWS gave it, normalised.';
