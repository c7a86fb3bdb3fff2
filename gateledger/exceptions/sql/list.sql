-- Exceptions, those in force first and among them what ends next; a filter that is null lets everything through.
SELECT exception_id, policies, match, statuses, reason, owner, ticket, valid_from, valid_until, entered_by,
       entered_at, ended_at, covers, state, matches, changed_by, changed_at, ended_by, source, entered_late
FROM report.exception
WHERE (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
  AND (%(ids)s::text[] IS NULL OR exception_id = ANY (%(ids)s))
ORDER BY array_position(ARRAY['in force', 'to come', 'ended'], state), valid_until, exception_id
