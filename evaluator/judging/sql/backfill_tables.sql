-- What a backfill works on: nights by number, how scopes and unread items were known as stretches of nights, and
-- verdicts at the nights on which something of an item changed. A stretch holds its first night and not its last.
CREATE TEMPORARY TABLE IF NOT EXISTS night (
    n integer PRIMARY KEY, as_of timestamptz NOT NULL, collected_at timestamptz, run_id integer NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS past_scope (
    account_region_id integer NOT NULL, item_type text NOT NULL, first integer NOT NULL, past integer NOT NULL,
    is_read boolean NOT NULL, read_before timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS past_unread (
    account_region_id integer NOT NULL, item_type text NOT NULL, item_id text NOT NULL, first integer NOT NULL,
    past integer NOT NULL, read_before timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS moment (
    item_id bigint NOT NULL, n integer NOT NULL, first integer NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS due (item_id bigint NOT NULL, n integer NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS swept (
    item_id bigint NOT NULL, n integer NOT NULL, account_region_id integer NOT NULL,
    condition_key integer NOT NULL, recheck_at timestamptz, evidence text NOT NULL, subjects text[],
    subject_count integer
) ON COMMIT DROP
