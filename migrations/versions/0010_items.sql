-- Item types follow from declarations: every table of items names its key item_id and its parent parent_id, compliance records are of items of any type, and their evidence is a list of versions.
ALTER TABLE cmdb.scope DROP CONSTRAINT ck_scope_item_type;
ALTER TABLE cmdb.scope_state DROP CONSTRAINT ck_scope_state_item_type;
ALTER TABLE cmdb.unread_item DROP CONSTRAINT ck_unread_item_item_type;

ALTER TABLE cmdb.rest_api RENAME COLUMN rest_api_key TO item_id;
ALTER TABLE cmdb.rest_api_payload RENAME COLUMN rest_api_key TO item_id;
ALTER TABLE cmdb.rest_api_closed RENAME COLUMN rest_api_key TO item_id;
CREATE INDEX ix_rest_api_valid_to ON cmdb.rest_api (valid_to) WHERE valid_to IS NOT NULL;

ALTER TABLE cmdb.stage RENAME COLUMN stage_id TO item_id;
ALTER TABLE cmdb.stage RENAME COLUMN rest_api_key TO parent_id;
ALTER TABLE cmdb.stage_payload RENAME COLUMN stage_id TO item_id;
ALTER TABLE cmdb.stage_closed RENAME COLUMN stage_id TO item_id;
ALTER TABLE cmdb.stage RENAME CONSTRAINT uq_stage_account_region_id_rest_api_key_stage_name TO uq_stage_account_region_id_parent_id_stage_name;

ALTER TABLE cmdb.certificate RENAME COLUMN certificate_key TO item_id;
ALTER TABLE cmdb.certificate_payload RENAME COLUMN certificate_key TO item_id;
ALTER TABLE cmdb.certificate_closed RENAME COLUMN certificate_key TO item_id;
ALTER TABLE cmdb.certificate DROP CONSTRAINT ck_certificate_kind;

-- Integration types had the key of their REST API; like every item they now have the id of their first version.
ALTER TABLE cmdb.integration RENAME COLUMN rest_api_key TO parent_id;
ALTER TABLE cmdb.integration ADD COLUMN item_id BIGINT;
ALTER TABLE cmdb.integration ADD COLUMN read_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE cmdb.integration ADD COLUMN deployment_ids TEXT[];
UPDATE cmdb.integration AS i
SET item_id = least(i.version_id, (SELECT min(x.version_id) FROM cmdb.integration_closed AS x WHERE x.rest_api_key = i.parent_id)),
    read_at = m.read_at, deployment_ids = m.deployment_ids
FROM cmdb.integration AS self
LEFT JOIN cmdb.method_reading AS m ON m.rest_api_key = self.parent_id
WHERE self.parent_id = i.parent_id;
ALTER TABLE cmdb.integration_closed ADD COLUMN item_id BIGINT;
UPDATE cmdb.integration_closed AS x SET item_id = i.item_id FROM cmdb.integration AS i WHERE i.parent_id = x.rest_api_key;
ALTER TABLE cmdb.integration_closed DROP CONSTRAINT pk_integration_closed;
ALTER TABLE cmdb.integration_closed DROP COLUMN rest_api_key;
ALTER TABLE cmdb.integration_closed ADD CONSTRAINT pk_integration_closed PRIMARY KEY (item_id, valid_from);
ALTER TABLE cmdb.integration DROP CONSTRAINT pk_integration;
ALTER TABLE cmdb.integration ADD CONSTRAINT pk_integration PRIMARY KEY (item_id);
ALTER TABLE cmdb.integration ADD CONSTRAINT uq_integration_account_region_id_parent_id UNIQUE (account_region_id, parent_id);
DROP INDEX cmdb.ix_integration_version_id;
CREATE INDEX ix_integration_valid_to ON cmdb.integration (valid_to) WHERE valid_to IS NOT NULL;
DROP TABLE cmdb.method_reading;

-- Records: one rewrite each, in which the columns of evidence become one list.
ALTER TABLE compliance.record RENAME COLUMN stage_id TO item_id;
ALTER TABLE compliance.record
    ALTER COLUMN stage_version TYPE BIGINT[]
    USING array_remove(ARRAY[stage_version, rest_api_version, integration_version, certificate_version], NULL);
ALTER TABLE compliance.record RENAME COLUMN stage_version TO evidence;
ALTER TABLE compliance.record ALTER COLUMN evidence SET NOT NULL;
ALTER TABLE compliance.record DROP COLUMN rest_api_version, DROP COLUMN integration_version, DROP COLUMN certificate_version;
ALTER TABLE compliance.record ADD COLUMN subjects TEXT[], ADD COLUMN subject_count INTEGER;
ALTER TABLE compliance.record_closed RENAME COLUMN stage_id TO item_id;
ALTER TABLE compliance.record_closed
    ALTER COLUMN stage_version TYPE BIGINT[]
    USING array_remove(ARRAY[stage_version, rest_api_version, integration_version, certificate_version], NULL);
ALTER TABLE compliance.record_closed RENAME COLUMN stage_version TO evidence;
ALTER TABLE compliance.record_closed ALTER COLUMN evidence SET NOT NULL;
ALTER TABLE compliance.record_closed DROP COLUMN rest_api_version, DROP COLUMN integration_version, DROP COLUMN certificate_version;
ALTER TABLE compliance.record_closed ADD COLUMN subjects TEXT[], ADD COLUMN subject_count INTEGER;

ALTER TABLE compliance.episode RENAME COLUMN stage_id TO item_id;
ALTER TABLE compliance.tally RENAME COLUMN stages TO items;
ALTER TABLE compliance.tally RENAME CONSTRAINT ck_tally_stages TO ck_tally_items;
ALTER TABLE compliance.tally_change RENAME COLUMN stages TO items;
ALTER TABLE compliance.evaluation RENAME COLUMN stages TO items;

CREATE OR REPLACE FUNCTION compliance.sum_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO compliance.tally_change AS t (policy_key, condition_key, changed_at, items)
        SELECT n.policy_key, n.condition_key, c.changed_at, sum(c.items)
        FROM after_rows AS n
        CROSS JOIN LATERAL (VALUES (n.valid_from, n.items), (n.valid_to, -n.items)) AS c (changed_at, items)
        WHERE c.changed_at IS NOT NULL
        GROUP BY n.policy_key, n.condition_key, c.changed_at
        ON CONFLICT (policy_key, condition_key, changed_at) DO UPDATE SET items = t.items + excluded.items;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO compliance.tally_change AS t (policy_key, condition_key, changed_at, items)
        SELECT o.policy_key, o.condition_key, c.changed_at, sum(c.items)
        FROM before_rows AS o
        CROSS JOIN LATERAL (VALUES (o.valid_from, -o.items), (o.valid_to, o.items)) AS c (changed_at, items)
        WHERE c.changed_at IS NOT NULL
        GROUP BY o.policy_key, o.condition_key, c.changed_at
        ON CONFLICT (policy_key, condition_key, changed_at) DO UPDATE SET items = t.items + excluded.items;
        DELETE FROM compliance.tally_change AS t
        USING (SELECT DISTINCT policy_key FROM before_rows) AS o
        WHERE t.policy_key = o.policy_key AND t.items = 0;
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON TABLE cmdb.certificate IS 'Items of type client certificate (apigateway:GetClientCertificates, apigateway:GetClientCertificate, acm:DescribeCertificate), latest version each.';
COMMENT ON COLUMN cmdb.certificate.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.certificate.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.certificate.proven_absent IS 'With valid_to: whether it was proven not to exist then; otherwise nobody followed it any longer.';
COMMENT ON COLUMN cmdb.certificate.created_at IS 'When it was made (createdDate; of ACM CreatedAt or ImportedAt). Null: AWS did not say.';
COMMENT ON COLUMN cmdb.certificate.expires_at IS 'When it ends (expirationDate; of ACM NotAfter). Null: no end is known.';
COMMENT ON COLUMN cmdb.certificate.serial IS 'Serial number, hexadecimal (from the PEM; of ACM Serial). Null: no PEM could be read.';
COMMENT ON COLUMN cmdb.certificate.fingerprint_sha256 IS 'SHA-256 of its DER, hexadecimal (from the PEM). Null: no PEM could be read.';
COMMENT ON COLUMN cmdb.certificate.subject IS 'Subject, RFC 4514 (from the PEM; of ACM Subject). Null: AWS did not say.';
COMMENT ON TABLE cmdb.certificate_closed IS 'Closed versions of items of type client certificate.';
COMMENT ON COLUMN cmdb.certificate_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.certificate_closed.proven_absent IS 'With valid_to: whether it was proven not to exist then; otherwise nobody followed it any longer.';
COMMENT ON COLUMN cmdb.certificate_closed.created_at IS 'When it was made (createdDate; of ACM CreatedAt or ImportedAt). Null: AWS did not say.';
COMMENT ON COLUMN cmdb.certificate_closed.expires_at IS 'When it ends (expirationDate; of ACM NotAfter). Null: no end is known.';
COMMENT ON COLUMN cmdb.certificate_closed.serial IS 'Serial number, hexadecimal (from the PEM; of ACM Serial). Null: no PEM could be read.';
COMMENT ON COLUMN cmdb.certificate_closed.fingerprint_sha256 IS 'SHA-256 of its DER, hexadecimal (from the PEM). Null: no PEM could be read.';
COMMENT ON COLUMN cmdb.certificate_closed.subject IS 'Subject, RFC 4514 (from the PEM; of ACM Subject). Null: AWS did not say.';
COMMENT ON COLUMN cmdb.certificate_closed.payload IS 'The version as AWS gave it, normalised. Null: it was never seen.';
COMMENT ON COLUMN cmdb.certificate_payload.payload IS 'The latest version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.integration IS 'Items of type integration types of a REST API''s methods (apigateway:GetResources), latest version each.';
COMMENT ON COLUMN cmdb.integration.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.integration.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.integration.read_at IS 'as_of of the run that read it last. Null: not known.';
COMMENT ON COLUMN cmdb.integration.parent_id IS 'The rest_api that it belongs to.';
COMMENT ON COLUMN cmdb.integration.types IS 'Integration types of the API''s methods, sorted.';
COMMENT ON COLUMN cmdb.integration.deployment_ids IS 'Deployments that the API''s stages served when its methods were last read. Null: it is not known.';
COMMENT ON TABLE cmdb.integration_closed IS 'Closed versions of items of type integration types of a REST API''s methods.';
COMMENT ON COLUMN cmdb.integration_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.integration_closed.types IS 'Integration types of the API''s methods, sorted.';
COMMENT ON TABLE cmdb.rest_api IS 'Items of type REST API (apigateway:GetRestApis), latest version each.';
COMMENT ON COLUMN cmdb.rest_api.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.rest_api.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.rest_api.name IS 'Name. Null: none was given.';
COMMENT ON TABLE cmdb.rest_api_closed IS 'Closed versions of items of type REST API.';
COMMENT ON COLUMN cmdb.rest_api_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.rest_api_closed.name IS 'Name. Null: none was given.';
COMMENT ON COLUMN cmdb.rest_api_closed.payload IS 'The version as AWS gave it, normalised.';
COMMENT ON COLUMN cmdb.rest_api_payload.payload IS 'The latest version as AWS gave it, normalised.';
COMMENT ON TABLE cmdb.stage IS 'Items of type REST API stage (apigateway:GetStages), latest version each.';
COMMENT ON COLUMN cmdb.stage.item_id IS 'Key of the item: the id of its first version.';
COMMENT ON COLUMN cmdb.stage.valid_to IS 'When the item was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.stage.parent_id IS 'The rest_api that it belongs to.';
COMMENT ON COLUMN cmdb.stage.deployment_id IS 'Deployment that it serves. Null: AWS named none.';
COMMENT ON COLUMN cmdb.stage.client_certificate_id IS 'Client certificate that it presents to its backends: an API Gateway id or an ACM ARN. Null: it names none.';
COMMENT ON COLUMN cmdb.stage.certificate_named_at IS 'Since when client_certificate_id has had its value without a break.';
COMMENT ON TABLE cmdb.stage_closed IS 'Closed versions of items of type REST API stage.';
COMMENT ON COLUMN cmdb.stage_closed.item_id IS 'The item.';
COMMENT ON COLUMN cmdb.stage_closed.deployment_id IS 'Deployment that it serves. Null: AWS named none.';
COMMENT ON COLUMN cmdb.stage_closed.client_certificate_id IS 'Client certificate that it presents to its backends: an API Gateway id or an ACM ARN. Null: it names none.';
COMMENT ON COLUMN cmdb.stage_closed.certificate_named_at IS 'Since when client_certificate_id has had its value without a break.';
COMMENT ON COLUMN cmdb.stage_closed.payload IS 'The version as AWS gave it, normalised.';
COMMENT ON COLUMN cmdb.stage_payload.payload IS 'The latest version as AWS gave it, normalised.';
COMMENT ON COLUMN compliance.episode.item_id IS 'The item.';
COMMENT ON COLUMN compliance.episode.started_at IS 'When the item became incompliant.';
COMMENT ON TABLE compliance.record IS 'Compliance records that hold now: one per policy and item.';
COMMENT ON COLUMN compliance.record.item_id IS 'The item.';
COMMENT ON COLUMN compliance.record.evidence IS 'Versions of the items that were looked at down to the condition that held.';
COMMENT ON COLUMN compliance.record.subjects IS 'What within the item is at fault, the first twenty. Null: the policy does not say.';
COMMENT ON COLUMN compliance.record.subject_count IS 'How many subjects there are in all. Null: not said.';
COMMENT ON COLUMN compliance.record_closed.item_id IS 'The item.';
COMMENT ON COLUMN compliance.record_closed.evidence IS 'Versions of the items that were looked at down to the condition that held.';
COMMENT ON COLUMN compliance.record_closed.subjects IS 'What within the item is at fault, the first twenty. Null: the policy does not say.';
COMMENT ON COLUMN compliance.record_closed.subject_count IS 'How many subjects there are in all. Null: not said.';
COMMENT ON TABLE compliance.tally IS 'How many items each condition held for, as intervals: a night without change adds nothing.';
COMMENT ON COLUMN compliance.tally.items IS 'Items for which the condition held.';
COMMENT ON COLUMN compliance.tally_change.items IS 'Items that the condition held for then, less those it held for before.';
COMMENT ON COLUMN compliance.evaluation.items IS 'Items judged.';
COMMENT ON COLUMN compliance.evaluation.last_version_id IS 'Items with later ids came after it. Null: unknown, the next evaluation is a full one.';
COMMENT ON COLUMN cmdb.scope.tokens IS 'Tokens of what was last read of each group of items. Null or empty: unknown.';
COMMENT ON COLUMN cmdb.unread_item.item_id IS 'AWS id: of the item''s parent where it has one, else its own.';
