-- What the session runs as, and whether it is still read-only.
SELECT current_setting('role'), current_setting('transaction_read_only')
