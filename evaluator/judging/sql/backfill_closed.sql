-- Records that ended.
INSERT INTO compliance.record_closed
    (policy_key, stage_id, valid_from, valid_to, condition_key, policy_version_id, status_since,
     episode_since, recheck_at, stage_version, rest_api_version, integration_version, certificate_version)
SELECT %(policy_key)s, i.stage_id, i.valid_from, i.valid_to, i.condition_key, %(policy_version_id)s,
       i.status_since, i.episode_since, i.recheck_at, i.stage_version, i.rest_api_version,
       i.integration_version, i.certificate_version
FROM island AS i
WHERE i.valid_to IS NOT NULL
