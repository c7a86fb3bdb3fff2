-- Take no more results for a run; waits for those being stored, which hold the row.
UPDATE cmdb.dispatch SET closed_at = clock_timestamp() WHERE run_id = %(run_id)s AND closed_at IS NULL
