-- Findings as they are now, worst status first; those to act on by severity, age and exposure; a filter that is null lets everything through.
SELECT policy_id, resource_arn, account_id, account_name, region, rest_api_id, rest_api_name, stage_name,
       client_certificate_id, status, condition, message, remediation, since, evaluated_at, evidence_at,
       episode_since, severity, partition, item_id, item_type, subjects, subject_count, exception_id,
       exception_until, api_id, api_name, owner,
       CASE WHEN %(detailed)s THEN served_changes END AS served_changes
FROM report.finding AS f
WHERE
-- include: findings_filters
-- include: findings_filters_status
ORDER BY array_position(%(order)s::text[], status),
         CASE WHEN status IN ('INCOMPLIANT', 'UNDETERMINED') THEN report.severity_place(severity) END,
         CASE WHEN status IN ('INCOMPLIANT', 'UNDETERMINED') THEN coalesce(episode_since, since) END,
         CASE WHEN status = 'INCOMPLIANT' THEN (
             SELECT -e.exposure FROM report.exposure AS e WHERE e.item_id = f.item_id
         ) END NULLS LAST,
         account_id, region, api_id, stage_name,
         resource_arn, policy_id
LIMIT %(limit)s
