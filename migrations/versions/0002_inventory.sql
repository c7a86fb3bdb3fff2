-- The inventory: latest versions, payloads apart, closed versions.
CREATE TABLE cmdb.certificate (
    certificate_key BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    bucket SMALLINT NOT NULL,
    digest BYTEA NOT NULL,
    kind TEXT NOT NULL,
    certificate_id TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    serial TEXT,
    fingerprint_sha256 TEXT,
    subject TEXT,
    proven_absent BOOLEAN NOT NULL,
    CONSTRAINT pk_certificate PRIMARY KEY (certificate_key),
    CONSTRAINT uq_certificate_account_region_id_certificate_id UNIQUE (account_region_id, certificate_id),
    CONSTRAINT ck_certificate_kind CHECK (kind IN ('API_GATEWAY', 'ACM')),
    CONSTRAINT ck_certificate_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_certificate_absence CHECK (valid_to IS NOT NULL OR NOT proven_absent)
);
COMMENT ON TABLE cmdb.certificate IS 'Client certificates (GetClientCertificates, acm:DescribeCertificate), latest version each. One that was never seen but proven absent begins and ends at the time of that proof.';
COMMENT ON COLUMN cmdb.certificate.certificate_key IS 'Key of the certificate.';
COMMENT ON COLUMN cmdb.certificate.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.certificate.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.certificate.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.certificate.valid_to IS 'When the certificate was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.certificate.bucket IS 'Bucket of the scope''s digest that the item falls into.';
COMMENT ON COLUMN cmdb.certificate.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.certificate.kind IS 'API_GATEWAY or ACM.';
COMMENT ON COLUMN cmdb.certificate.certificate_id IS 'API Gateway''s id, or the ARN in ACM.';
COMMENT ON COLUMN cmdb.certificate.created_at IS 'When it was made (createdDate, ACM CreatedAt). Null: not told.';
COMMENT ON COLUMN cmdb.certificate.expires_at IS 'When it ends (expirationDate, ACM NotAfter). Null: not told.';
COMMENT ON COLUMN cmdb.certificate.serial IS 'Serial number, hexadecimal. Null: no readable PEM.';
COMMENT ON COLUMN cmdb.certificate.fingerprint_sha256 IS 'SHA-256 of its DER, hexadecimal. Null: no readable PEM.';
COMMENT ON COLUMN cmdb.certificate.subject IS 'Subject, RFC 4514. Null: not told.';
COMMENT ON COLUMN cmdb.certificate.proven_absent IS 'With valid_to: whether it was proven deleted then; otherwise no stage named it any longer.';

CREATE TABLE cmdb.certificate_closed (
    certificate_key BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    serial TEXT,
    fingerprint_sha256 TEXT,
    subject TEXT,
    proven_absent BOOLEAN NOT NULL,
    payload JSONB,
    CONSTRAINT pk_certificate_closed PRIMARY KEY (certificate_key, valid_from),
    CONSTRAINT ck_certificate_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_certificate_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
COMMENT ON TABLE cmdb.certificate_closed IS 'Closed versions of certificates.';
COMMENT ON COLUMN cmdb.certificate_closed.certificate_key IS 'The certificate.';
COMMENT ON COLUMN cmdb.certificate_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.certificate_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.certificate_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.certificate_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.certificate_closed.created_at IS 'When it was made (createdDate, ACM CreatedAt). Null: not told.';
COMMENT ON COLUMN cmdb.certificate_closed.expires_at IS 'When it ends (expirationDate, ACM NotAfter). Null: not told.';
COMMENT ON COLUMN cmdb.certificate_closed.serial IS 'Serial number, hexadecimal. Null: no readable PEM.';
COMMENT ON COLUMN cmdb.certificate_closed.fingerprint_sha256 IS 'SHA-256 of its DER, hexadecimal. Null: no readable PEM.';
COMMENT ON COLUMN cmdb.certificate_closed.subject IS 'Subject, RFC 4514. Null: not told.';
COMMENT ON COLUMN cmdb.certificate_closed.proven_absent IS 'With valid_to: whether it was proven deleted then; otherwise no stage named it any longer.';
COMMENT ON COLUMN cmdb.certificate_closed.payload IS 'The version as AWS gave it. Null: it was never seen.';

CREATE TABLE cmdb.certificate_payload (
    certificate_key BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_certificate_payload PRIMARY KEY (certificate_key)
);
COMMENT ON TABLE cmdb.certificate_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.certificate_payload.certificate_key IS 'The item.';
COMMENT ON COLUMN cmdb.certificate_payload.payload IS 'The latest version as GetClientCertificates or ACM gave it, normalised.';

CREATE TABLE cmdb.integration (
    rest_api_key BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    types TEXT[] NOT NULL,
    has_http BOOLEAN NOT NULL,
    CONSTRAINT pk_integration PRIMARY KEY (rest_api_key),
    CONSTRAINT ck_integration_interval CHECK (valid_to >= valid_from)
);
CREATE INDEX ix_integration_account_region_id ON cmdb.integration (account_region_id);
COMMENT ON TABLE cmdb.integration IS 'Integration types of REST APIs'' methods (apigateway:GetResources), latest version each. No row: the methods were never read.';
COMMENT ON COLUMN cmdb.integration.rest_api_key IS 'The REST API.';
COMMENT ON COLUMN cmdb.integration.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.integration.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.integration.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.integration.valid_to IS 'When the REST API was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.integration.types IS 'Integration types of the API''s methods, sorted (GetResources).';
COMMENT ON COLUMN cmdb.integration.has_http IS 'Whether HTTP or HTTP_PROXY is among them.';

CREATE TABLE cmdb.integration_closed (
    rest_api_key BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    types TEXT[] NOT NULL,
    has_http BOOLEAN NOT NULL,
    CONSTRAINT pk_integration_closed PRIMARY KEY (rest_api_key, valid_from),
    CONSTRAINT ck_integration_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_integration_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
COMMENT ON TABLE cmdb.integration_closed IS 'Closed versions of integration types.';
COMMENT ON COLUMN cmdb.integration_closed.rest_api_key IS 'The REST API.';
COMMENT ON COLUMN cmdb.integration_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.integration_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.integration_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.integration_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.integration_closed.types IS 'Integration types of the API''s methods, sorted (GetResources).';
COMMENT ON COLUMN cmdb.integration_closed.has_http IS 'Whether HTTP or HTTP_PROXY is among them.';

CREATE TABLE cmdb.method_reading (
    rest_api_key BIGINT NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deployment_ids TEXT[] NOT NULL,
    CONSTRAINT pk_method_reading PRIMARY KEY (rest_api_key)
);
COMMENT ON TABLE cmdb.method_reading IS 'When and for which deployments a REST API''s methods were read; tells when to read them again.';
COMMENT ON COLUMN cmdb.method_reading.rest_api_key IS 'The REST API.';
COMMENT ON COLUMN cmdb.method_reading.read_at IS 'as_of of the run that read its methods last.';
COMMENT ON COLUMN cmdb.method_reading.deployment_ids IS 'Deployments its stages served when they were read.';

CREATE TABLE cmdb.rest_api (
    rest_api_key BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    bucket SMALLINT NOT NULL,
    digest BYTEA NOT NULL,
    rest_api_id TEXT NOT NULL,
    name TEXT,
    is_private BOOLEAN NOT NULL,
    CONSTRAINT pk_rest_api PRIMARY KEY (rest_api_key),
    CONSTRAINT uq_rest_api_account_region_id_rest_api_id UNIQUE (account_region_id, rest_api_id),
    CONSTRAINT ck_rest_api_interval CHECK (valid_to >= valid_from)
);
COMMENT ON TABLE cmdb.rest_api IS 'REST APIs (apigateway:GetRestApis), latest version each.';
COMMENT ON COLUMN cmdb.rest_api.rest_api_key IS 'Key of the REST API.';
COMMENT ON COLUMN cmdb.rest_api.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.rest_api.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.rest_api.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.rest_api.valid_to IS 'When the REST API was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.rest_api.bucket IS 'Bucket of the scope''s digest that the item falls into.';
COMMENT ON COLUMN cmdb.rest_api.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.rest_api.rest_api_id IS 'AWS id of the REST API.';
COMMENT ON COLUMN cmdb.rest_api.name IS 'Name (GetRestApis). Null: none given.';
COMMENT ON COLUMN cmdb.rest_api.is_private IS 'Whether PRIVATE is its only endpoint type.';

CREATE TABLE cmdb.rest_api_closed (
    rest_api_key BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    name TEXT,
    is_private BOOLEAN NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_rest_api_closed PRIMARY KEY (rest_api_key, valid_from),
    CONSTRAINT ck_rest_api_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_rest_api_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
COMMENT ON TABLE cmdb.rest_api_closed IS 'Closed versions of REST APIs.';
COMMENT ON COLUMN cmdb.rest_api_closed.rest_api_key IS 'The REST API.';
COMMENT ON COLUMN cmdb.rest_api_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.rest_api_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.rest_api_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.rest_api_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.rest_api_closed.name IS 'Name (GetRestApis). Null: none given.';
COMMENT ON COLUMN cmdb.rest_api_closed.is_private IS 'Whether PRIVATE is its only endpoint type.';
COMMENT ON COLUMN cmdb.rest_api_closed.payload IS 'The version as GetRestApis gave it, normalised.';

CREATE TABLE cmdb.rest_api_payload (
    rest_api_key BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_rest_api_payload PRIMARY KEY (rest_api_key)
);
COMMENT ON TABLE cmdb.rest_api_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.rest_api_payload.rest_api_key IS 'The item.';
COMMENT ON COLUMN cmdb.rest_api_payload.payload IS 'The latest version as GetRestApis gave it, normalised.';

CREATE TABLE cmdb.stage (
    stage_id BIGINT NOT NULL,
    account_region_id INTEGER NOT NULL,
    version_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    bucket SMALLINT NOT NULL,
    digest BYTEA NOT NULL,
    rest_api_key BIGINT NOT NULL,
    stage_name TEXT NOT NULL,
    deployment_id TEXT,
    client_certificate_id TEXT,
    certificate_named_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_stage PRIMARY KEY (stage_id),
    CONSTRAINT uq_stage_account_region_id_rest_api_key_stage_name UNIQUE (account_region_id, rest_api_key, stage_name),
    CONSTRAINT ck_stage_interval CHECK (valid_to >= valid_from)
);
COMMENT ON TABLE cmdb.stage IS 'Stages (apigateway:GetStages), latest version each.';
COMMENT ON COLUMN cmdb.stage.stage_id IS 'Key of the stage.';
COMMENT ON COLUMN cmdb.stage.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.stage.version_id IS 'Id of the latest version.';
COMMENT ON COLUMN cmdb.stage.valid_from IS 'Start of the latest version, inclusive.';
COMMENT ON COLUMN cmdb.stage.valid_to IS 'When the stage was found gone. Null: it is there.';
COMMENT ON COLUMN cmdb.stage.bucket IS 'Bucket of the scope''s digest that the item falls into.';
COMMENT ON COLUMN cmdb.stage.digest IS 'Digest of the canonical payload.';
COMMENT ON COLUMN cmdb.stage.rest_api_key IS 'The REST API.';
COMMENT ON COLUMN cmdb.stage.stage_name IS 'Name, unique within the REST API.';
COMMENT ON COLUMN cmdb.stage.deployment_id IS 'Deployment it serves (GetStages). Null: none given.';
COMMENT ON COLUMN cmdb.stage.client_certificate_id IS 'Client certificate it presents: an API Gateway id or an ACM ARN (GetStages). Null: none.';
COMMENT ON COLUMN cmdb.stage.certificate_named_at IS 'Since when it names that certificate without a break.';

CREATE TABLE cmdb.stage_closed (
    stage_id BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version_id BIGINT NOT NULL,
    deployment_id TEXT,
    client_certificate_id TEXT,
    certificate_named_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_stage_closed PRIMARY KEY (stage_id, valid_from),
    CONSTRAINT ck_stage_closed_interval CHECK (valid_to >= valid_from),
    CONSTRAINT ck_stage_closed_superseded CHECK (superseded_at >= valid_to AND superseded_at > valid_from)
);
COMMENT ON TABLE cmdb.stage_closed IS 'Closed versions of stages.';
COMMENT ON COLUMN cmdb.stage_closed.stage_id IS 'The stage.';
COMMENT ON COLUMN cmdb.stage_closed.valid_from IS 'Start of the version, inclusive.';
COMMENT ON COLUMN cmdb.stage_closed.valid_to IS 'End of the version, exclusive.';
COMMENT ON COLUMN cmdb.stage_closed.superseded_at IS 'When the next version opened; later than valid_to if the item was gone.';
COMMENT ON COLUMN cmdb.stage_closed.version_id IS 'Id of the version.';
COMMENT ON COLUMN cmdb.stage_closed.deployment_id IS 'Deployment it serves (GetStages). Null: none given.';
COMMENT ON COLUMN cmdb.stage_closed.client_certificate_id IS 'Client certificate it presents: an API Gateway id or an ACM ARN (GetStages). Null: none.';
COMMENT ON COLUMN cmdb.stage_closed.certificate_named_at IS 'Since when it names that certificate without a break.';
COMMENT ON COLUMN cmdb.stage_closed.payload IS 'The version as GetStages gave it, normalised.';

CREATE TABLE cmdb.stage_payload (
    stage_id BIGINT NOT NULL,
    payload JSONB NOT NULL,
    CONSTRAINT pk_stage_payload PRIMARY KEY (stage_id)
);
COMMENT ON TABLE cmdb.stage_payload IS 'Payloads of latest versions, apart so that evaluations read narrow rows.';
COMMENT ON COLUMN cmdb.stage_payload.stage_id IS 'The item.';
COMMENT ON COLUMN cmdb.stage_payload.payload IS 'The latest version as GetStages gave it, normalised.';

