-- Close the records that verdicts replace.
INSERT INTO compliance.record_closed
    (policy_key, stage_id, valid_from, valid_to, condition_key, policy_version_id, status_since,
     episode_since, recheck_at, stage_version, rest_api_version, integration_version, certificate_version)
SELECT r.policy_key, r.stage_id, r.valid_from, %(as_of)s, r.condition_key, r.policy_version_id,
       r.status_since, r.episode_since, r.recheck_at, r.stage_version, r.rest_api_version,
       r.integration_version, r.certificate_version
FROM pg_temp.verdict AS v
JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.stage_id = v.stage_id
