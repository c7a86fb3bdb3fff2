-- Forget what earlier runs handed out.
DELETE FROM cmdb.dispatch_item WHERE run_id < %(run_id)s
