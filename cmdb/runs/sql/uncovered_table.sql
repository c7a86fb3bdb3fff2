-- Where the scopes that a run did not cover are kept while their states are settled.
CREATE TEMPORARY TABLE IF NOT EXISTS uncovered (account_region_id integer, item_type text) ON COMMIT DELETE ROWS
