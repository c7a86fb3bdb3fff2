-- Where the items wait that are judged again.
CREATE TEMPORARY TABLE IF NOT EXISTS dirty (item_id bigint NOT NULL) ON COMMIT DELETE ROWS
