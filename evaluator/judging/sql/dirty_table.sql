-- Where the stages wait that are judged again.
CREATE TEMPORARY TABLE IF NOT EXISTS dirty (stage_id bigint NOT NULL) ON COMMIT DELETE ROWS
