-- End entries.
UPDATE compliance.exception_version
SET ended_at = %(at)s, ended_by = %(by)s
WHERE ended_at IS NULL AND exception_id = ANY (%(ids)s)
