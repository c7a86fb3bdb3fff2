-- The findings that the table lists: worst first, longest first.
SELECT policy_id, resource_arn, account_id, account_name, region, rest_api_id, rest_api_name, stage_name,
       client_certificate_id, status, condition, message, remediation, since, evidence_at, stage_id
FROM report.finding
ORDER BY array_position(%(order)s::text[], status), since, account_id, region, rest_api_id, stage_name,
         policy_id
LIMIT %(limit)s
