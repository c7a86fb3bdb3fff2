-- What is entered now.
SELECT exception_version_id, exception_id, source, valid_from, valid_until, statuses, policies, match, reason,
       owner, ticket
FROM compliance.exception_version
WHERE ended_at IS NULL
ORDER BY exception_id
