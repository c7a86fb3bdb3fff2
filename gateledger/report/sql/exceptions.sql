-- Exceptions with what there is to look at in each; the latest of those that ended.
SELECT e.exception_id, e.policies, e.match, e.statuses, e.reason, e.owner, e.ticket, e.valid_from, e.valid_until,
       e.entered_by, e.entered_at, e.ended_at, e.ended_by, e.covers, e.matches, e.state, e.entered_late,
       e.state = 'in force' AND e.valid_until <= m.moment + %(soon)s AS ends_soon,
       least(e.ended_at, e.valid_until) AS over_at
FROM report.exception AS e
CROSS JOIN report.exception_moment AS m
ORDER BY CASE WHEN e.state = 'ended' THEN least(e.ended_at, e.valid_until) END DESC NULLS FIRST,
         e.valid_until, e.exception_id
