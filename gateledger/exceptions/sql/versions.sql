-- What was entered for an exception, one row each time.
SELECT entered_at, entered_by, ended_at, ended_by, source, valid_from, valid_until, statuses, policies, match,
       reason, owner, ticket
FROM compliance.exception_version
WHERE exception_id = %(exception_id)s
ORDER BY entered_at, exception_version_id
