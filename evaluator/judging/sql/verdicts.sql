-- Verdicts with their evidence, for the stages whose record differs, beside what the record says.
INSERT INTO pg_temp.verdict
    (stage_id, account_region_id, condition_key, condition_before, recheck_at, stage_version,
     rest_api_version, integration_version, certificate_version)
WITH {relations}
SELECT v.stage_id, v.account_region_id, v.condition, r.condition_key, v.recheck_at, v.stage_version,
       v.rest_api_version, v.integration_version, v.certificate_version
FROM ({logic}) AS v
LEFT JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.stage_id = v.stage_id
WHERE (r.condition_key IS DISTINCT FROM v.condition OR r.recheck_at IS DISTINCT FROM v.recheck_at)
  {restriction}
