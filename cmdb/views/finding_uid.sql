-- Stable id of a finding: the same policy and item have the same id for ever, whatever is said of them.
CREATE FUNCTION report.finding_uid(policy_id text, partition text, account_id text, region text, VARIADIC names text[])
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(sha256(convert_to(
    (jsonb_build_array(policy_id, partition, account_id, region) || to_jsonb(names))::text, 'UTF8')), 'hex');
COMMENT ON FUNCTION report.finding_uid(text, text, text, text, text[])
    IS 'Stable id of a finding (SHA-256, hexadecimal), as exports carry it; a stage is named by its REST API and name, any other item by its ARN.';
