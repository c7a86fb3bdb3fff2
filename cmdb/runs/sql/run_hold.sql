-- A run that no other one has settled, locked so that none does before this transaction ends.
SELECT run_id FROM cmdb.run WHERE run_id = %(run_id)s AND status <> 'abandoned' FOR SHARE
