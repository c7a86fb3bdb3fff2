-- What a backfill works on: nights by number, versions as stretches of nights, and verdicts at the nights on
-- which something of a stage changed. A stretch holds its first night and not its last.
CREATE TEMPORARY TABLE IF NOT EXISTS night (
    n integer PRIMARY KEY, as_of timestamptz NOT NULL, collected_at timestamptz, run_id integer NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS old_stage (
    stage_id bigint NOT NULL, first integer NOT NULL, past integer NOT NULL, version_id bigint NOT NULL,
    account_region_id integer NOT NULL, rest_api_key bigint NOT NULL, stage_name text NOT NULL,
    deployment_id text, client_certificate_id text, certificate_named_at timestamptz,
    disappeared_at timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS old_api (
    rest_api_key bigint NOT NULL, first integer NOT NULL, past integer NOT NULL, version_id bigint NOT NULL,
    account_region_id integer NOT NULL, rest_api_id text NOT NULL, name text, is_private boolean
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS old_integration (
    rest_api_key bigint NOT NULL, first integer NOT NULL, past integer NOT NULL, version_id bigint NOT NULL,
    has_http boolean NOT NULL, types text[] NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS old_certificate (
    account_region_id integer NOT NULL, certificate_id text NOT NULL, first integer NOT NULL,
    past integer NOT NULL, kind text NOT NULL, version_id bigint NOT NULL, created_at timestamptz,
    expires_at timestamptz, absent_since timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS old_scope (
    account_region_id integer NOT NULL, item_type text NOT NULL, first integer NOT NULL, past integer NOT NULL,
    is_read boolean NOT NULL, read_before timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS old_unread (
    account_region_id integer NOT NULL, item_type text NOT NULL, item_id text NOT NULL,
    rest_api_key bigint, first integer NOT NULL, past integer NOT NULL, read_before timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS moment (
    stage_id bigint NOT NULL, n integer NOT NULL, first integer NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS due (stage_id bigint NOT NULL, n integer NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS swept (
    stage_id bigint NOT NULL, n integer NOT NULL, account_region_id integer NOT NULL,
    condition_key integer NOT NULL, recheck_at timestamptz, stage_version bigint, rest_api_version bigint,
    integration_version bigint, certificate_version bigint
) ON COMMIT DROP
