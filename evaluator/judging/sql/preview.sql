-- Which items a policy would judge otherwise than their records say, and by what.
SELECT i.resource_arn, i.account_id, i.region, before.status AS status_before, before.name AS condition_before,
       now.status, now.name AS condition,
       report.filled_in(now.message, i.account_id, i.region, i.api_id, i.api_name, i.stage_name,
                        i.client_certificate_id, i.name, report.listed(v.subjects, v.subject_count)) AS message
FROM pg_temp.verdict AS v
JOIN compliance.condition AS now ON now.condition_key = v.condition_key
LEFT JOIN compliance.condition AS before ON before.condition_key = v.condition_before
JOIN report.item_identity AS i ON i.item_id = v.item_id
WHERE before.status IS DISTINCT FROM now.status
ORDER BY now.status, i.account_id, i.region, i.resource_arn
