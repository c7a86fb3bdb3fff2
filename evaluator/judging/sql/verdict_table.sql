-- Where verdicts wait for being written.
CREATE TEMPORARY TABLE IF NOT EXISTS verdict (
    stage_id bigint PRIMARY KEY,
    account_region_id integer NOT NULL,
    condition_key integer NOT NULL,
    condition_before integer,
    recheck_at timestamptz,
    stage_version bigint,
    rest_api_version bigint,
    integration_version bigint,
    certificate_version bigint
) ON COMMIT DELETE ROWS
