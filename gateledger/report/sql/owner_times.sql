-- How long remediation takes, by owner and policy.
SELECT owner, policy_id, remediated, median_days, still_open, oldest_open_days
FROM report.time_to_remediate_owner
WHERE owner = ANY (%(owners)s)
