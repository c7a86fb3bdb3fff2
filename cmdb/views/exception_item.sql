-- Items that exceptions match, with all their times; a piece of other views.
CREATE VIEW report.exception_item AS
SELECT x.item_id, x.valid_from AS matches_from, x.valid_to AS matches_to, v.exception_id, v.entered_at,
       v.ended_at, v.valid_from, v.valid_until, v.statuses, v.policies_like
FROM compliance.exception_item AS x
JOIN compliance.exception_version AS v ON v.exception_version_id = x.exception_version_id;

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
