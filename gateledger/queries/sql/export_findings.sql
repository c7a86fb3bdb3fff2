-- Findings with their life, those of stages that are gone only where they are requested or changed since a time.
-- By time: in the order in which partitions by account, region and day are written.
SELECT finding_id, policy_id, policy_name, severity, resource_arn, partition, account_id, account_name, region,
       rest_api_id, rest_api_name, stage_name, client_certificate_id, status, condition, message, remediation,
       since, recorded_at, episode_since, first_seen_at, last_seen_at, resolved_at,
       exception_id, exception_until, exception_reason, exception_owner, exception_changed_at, item_type, name,
       owner, owner_changed_at, served_changes
FROM report.finding_export
WHERE (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
  AND (%(owners)s::text[] IS NULL OR owner = ANY (%(owners)s))
  AND (%(since)s::timestamptz IS NULL OR recorded_at >= %(since)s OR exception_changed_at >= %(since)s
       OR owner_changed_at >= %(since)s)
  AND (status <> 'DISAPPEARED' OR %(since)s::timestamptz IS NOT NULL OR 'DISAPPEARED' = ANY (%(statuses)s))
ORDER BY account_id, region, CASE WHEN %(by_time)s THEN last_seen_at END, rest_api_id, stage_name, resource_arn, policy_id
