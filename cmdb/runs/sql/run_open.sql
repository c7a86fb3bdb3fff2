-- Open a run; the unique index lets only one be running.
INSERT INTO cmdb.run (kind, as_of, started_at, status)
VALUES (%(kind)s, %(as_of)s, clock_timestamp(), 'running')
RETURNING run_id
