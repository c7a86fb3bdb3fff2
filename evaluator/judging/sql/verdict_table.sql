-- Where verdicts wait for being written.
CREATE TEMPORARY TABLE IF NOT EXISTS verdict (
    item_id bigint PRIMARY KEY,
    account_region_id integer NOT NULL,
    condition_key integer NOT NULL,
    condition_before integer,
    is_same boolean NOT NULL,
    recheck_at timestamptz,
    evidence text NOT NULL,
    subjects text[],
    subject_count integer
) ON COMMIT DELETE ROWS
