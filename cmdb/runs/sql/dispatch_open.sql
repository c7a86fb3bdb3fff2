-- Begin to hand out a run's account-regions.
INSERT INTO cmdb.dispatch (run_id, key_fingerprint, plan, opened_at)
VALUES (%(run_id)s, %(key_fingerprint)s, %(plan)s::jsonb, clock_timestamp())
