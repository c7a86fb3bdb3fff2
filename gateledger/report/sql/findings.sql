-- The findings that the table lists, worst and longest first; their texts are made for these alone, not for all that are sorted.
SELECT f.policy_id, f.resource_arn, f.account_id, f.account_name, f.region, f.rest_api_id, f.rest_api_name,
       f.stage_name, f.client_certificate_id, f.status, f.condition, f.message, f.remediation, f.since,
       f.evidence_at, f.item_id, f.item_type, f.owner, f.exception_id, f.exception_until
FROM (
    SELECT policy_id, item_id, account_id, region, rest_api_id, stage_name, status, since
    FROM report.finding
    ORDER BY array_position(%(order)s::text[], status), since, account_id, region, rest_api_id, stage_name,
             policy_id
    LIMIT %(limit)s
) AS listed
CROSS JOIN LATERAL (
    SELECT policy_id, resource_arn, account_id, account_name, region, rest_api_id, rest_api_name, stage_name,
           client_certificate_id, status, condition, message, remediation, since, evidence_at, item_id, item_type,
           owner, exception_id, exception_until
    FROM report.finding
    WHERE policy_id = listed.policy_id AND item_id = listed.item_id
    OFFSET 0
) AS f
ORDER BY array_position(%(order)s::text[], f.status), f.since, f.account_id, f.region, f.rest_api_id,
         f.stage_name, f.policy_id
