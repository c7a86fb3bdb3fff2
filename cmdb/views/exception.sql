-- Exceptions: what each says now or said last, and what it covers.
CREATE VIEW report.exception AS
SELECT
    v.exception_id,
    v.policies,
    v.match,
    v.statuses,
    v.reason,
    v.owner,
    v.ticket,
    v.valid_from,
    v.valid_until,
    b.entered_by,
    b.entered_at,
    v.ended_at,
    coalesce(n.covers, 0) AS covers,
    CASE
        WHEN v.ended_at IS NOT NULL OR v.valid_until <= m.moment THEN 'ended'
        WHEN v.valid_from > m.moment THEN 'to come'
        ELSE 'in force'
    END AS state,
    coalesce(n.matches, 0) AS matches,
    v.entered_by AS changed_by,
    v.entered_at AS changed_at,
    v.ended_by,
    v.source,
    v.valid_from < date_trunc('day', v.entered_at) AS entered_late,
    v.exception_version_id
FROM (
    SELECT DISTINCT ON (exception_id)
           exception_version_id, exception_id, policies, match, statuses, reason, owner, ticket, valid_from,
           valid_until, entered_by, entered_at, ended_at, ended_by, source, policies_like
    FROM compliance.exception_version
    ORDER BY exception_id, ended_at IS NULL DESC, entered_at DESC, exception_version_id DESC
) AS v
JOIN (
    SELECT DISTINCT ON (exception_id) exception_id, entered_by, entered_at
    FROM compliance.exception_version
    ORDER BY exception_id, entered_at, exception_version_id
) AS b ON b.exception_id = v.exception_id
CROSS JOIN report.exception_moment AS m
LEFT JOIN (
    SELECT w.exception_version_id,
           count(*) FILTER (WHERE c.status <> 'DISAPPEARED') AS matches,
           count(*) FILTER (WHERE c.status = ANY (w.statuses)) AS covers
    FROM report.exception_moment AS o
    JOIN compliance.exception_version AS w
        ON w.ended_at IS NULL AND w.valid_from <= o.moment AND w.valid_until > o.moment
    JOIN compliance.policy AS p ON p.policy_id LIKE ANY (w.policies_like)
    JOIN compliance.exception_item AS x
        ON x.exception_version_id = w.exception_version_id AND x.valid_to IS NULL
    JOIN compliance.record AS r ON r.policy_key = p.policy_key AND r.item_id = x.item_id
    JOIN compliance.condition AS c ON c.condition_key = r.condition_key
    GROUP BY w.exception_version_id
) AS n ON n.exception_version_id = v.exception_version_id;

COMMENT ON VIEW report.exception IS 'One row per exception that was ever entered: what it says now or said last, and how many findings it covers now.';
COMMENT ON COLUMN report.exception.exception_id IS 'Its id.';
COMMENT ON COLUMN report.exception.policies IS 'Patterns of the policies that it is about.';
COMMENT ON COLUMN report.exception.match IS 'Which items it covers, as given; an empty object: all.';
COMMENT ON COLUMN report.exception.statuses IS 'Statuses that it accepts.';
COMMENT ON COLUMN report.exception.reason IS 'Why.';
COMMENT ON COLUMN report.exception.owner IS 'Who answers for it.';
COMMENT ON COLUMN report.exception.ticket IS 'Where it is recorded elsewhere; null: not given.';
COMMENT ON COLUMN report.exception.valid_from IS 'Start of the time for which it is meant; it counts from entered_at at the earliest.';
COMMENT ON COLUMN report.exception.valid_until IS 'End of that time, exclusive.';
COMMENT ON COLUMN report.exception.entered_by IS 'Who entered it first.';
COMMENT ON COLUMN report.exception.entered_at IS 'When it was entered first.';
COMMENT ON COLUMN report.exception.ended_at IS 'When it was ended or left its file; null: it is entered.';
COMMENT ON COLUMN report.exception.covers IS 'Findings that have a status that it accepts, now; none when it is not in force.';
COMMENT ON COLUMN report.exception.state IS 'in force, to come, or ended (by date or by hand), as of the last evaluation or change.';
COMMENT ON COLUMN report.exception.matches IS 'Findings of its policies and items, whatever their status, now; none when it is not in force.';
COMMENT ON COLUMN report.exception.changed_by IS 'Who entered what it says now.';
COMMENT ON COLUMN report.exception.changed_at IS 'When that was entered.';
COMMENT ON COLUMN report.exception.ended_by IS 'Who ended it; null: nobody.';
COMMENT ON COLUMN report.exception.source IS 'file or command.';
COMMENT ON COLUMN report.exception.entered_late IS 'Whether valid_from lies on a day before the one on which it was entered; the days between stay as they were.';
COMMENT ON COLUMN report.exception.exception_version_id IS 'Key of what it says now.';
