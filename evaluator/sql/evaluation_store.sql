-- Note that a run evaluated a policy.
INSERT INTO compliance.evaluation
    (policy_key, run_id, as_of, policy_version_id, mode, stages, changed, max_staleness)
VALUES (%(policy_key)s, %(run_id)s, %(as_of)s, %(policy_version_id)s, %(mode)s, %(stages)s, %(changed)s,
        %(max_staleness)s)
