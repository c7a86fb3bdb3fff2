-- A scheduler was told to stop.
DELETE FROM cmdb.scheduler WHERE scheduler_id = %(scheduler_id)s
