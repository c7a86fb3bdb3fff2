-- Items that exceptions match, with all their times; a piece of other views, for few items: each of its exceptions is
-- looked up by its key (OFFSET 0), for which the planner would else read all exceptions for every item.
CREATE VIEW report.exception_item AS
SELECT x.item_id, x.valid_from AS matches_from, x.valid_to AS matches_to, v.exception_id, v.entered_at,
       v.ended_at, v.valid_from, v.valid_until, v.statuses, v.policies_like, v.reason, v.owner
FROM compliance.exception_item AS x
CROSS JOIN LATERAL (
    SELECT exception_id, entered_at, ended_at, valid_from, valid_until, statuses, policies_like, reason, owner
    FROM compliance.exception_version
    WHERE exception_version_id = x.exception_version_id
    OFFSET 0
) AS v;

COMMENT ON VIEW report.exception_item IS 'One row per item, entry of an exception and time in which it matches the item. A piece of the other views.';
COMMENT ON COLUMN report.exception_item.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.exception_item.matches_from IS 'When the item was first found to match.';
COMMENT ON COLUMN report.exception_item.matches_to IS 'When it was found not to match any more; null: it matches.';
COMMENT ON COLUMN report.exception_item.exception_id IS 'Id of the exception.';
COMMENT ON COLUMN report.exception_item.entered_at IS 'When this content of the exception was entered.';
COMMENT ON COLUMN report.exception_item.ended_at IS 'When another content was entered, or it was ended; null: it is entered.';
COMMENT ON COLUMN report.exception_item.valid_from IS 'Start of the time for which it is meant.';
COMMENT ON COLUMN report.exception_item.valid_until IS 'End of that time, exclusive.';
COMMENT ON COLUMN report.exception_item.statuses IS 'Statuses that it accepts.';
COMMENT ON COLUMN report.exception_item.policies_like IS 'Patterns of its policies for LIKE.';
COMMENT ON COLUMN report.exception_item.reason IS 'Why it was accepted.';
COMMENT ON COLUMN report.exception_item.owner IS 'Who answers for the exception.';
