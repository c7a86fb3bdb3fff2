-- Note that a run evaluated a policy; items with later ids than the last one now are new to the next evaluation.
INSERT INTO compliance.evaluation
    (policy_key, run_id, as_of, policy_version_id, mode, items, changed, max_staleness, last_version_id)
SELECT %(policy_key)s, %(run_id)s, %(as_of)s, %(policy_version_id)s, %(mode)s, %(items)s, %(changed)s,
       %(max_staleness)s, q.last_value
FROM cmdb.version_id_seq AS q
