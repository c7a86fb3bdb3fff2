SELECT exception_id, owner, ticket, valid_until, covers, statuses, policies, reason
FROM report.exception
WHERE ended_at IS NULL
ORDER BY valid_until, exception_id
LIMIT 100
