-- Findings as they were at a time, worst status first; a filter that is null lets everything through.
SELECT policy_id, resource_arn, account_id, region, rest_api_id, stage_name, status, condition,
       valid_from, valid_to, since, account_name, policy_version, item_id, item_type, subjects, subject_count,
       exception_id, exception_until, api_id, name, owner,
       CASE WHEN %(detailed)s THEN served_changes END AS served_changes
FROM report.finding_as_of(%(as_of)s)
WHERE
-- include: findings_filters
-- include: findings_filters_status
ORDER BY array_position(%(order)s::text[], status), account_id, region, api_id, stage_name,
         resource_arn, policy_id
LIMIT %(limit)s
