-- Owners of items, with the times in which each was known to be so.
CREATE VIEW report.item_owner AS
SELECT x.item_id, o.name AS owner, x.valid_from, x.valid_to, x.owner_key
FROM (
    SELECT item_id, owner_key, valid_from, NULL::timestamptz AS valid_to
    FROM compliance.item_owner
    UNION ALL
    SELECT item_id, owner_key, valid_from, valid_to
    FROM compliance.item_owner_closed
) AS x
JOIN compliance.owner AS o ON o.owner_key = x.owner_key;

COMMENT ON VIEW report.item_owner IS 'One row per item and time in which it had an owner that was known: the history of owners.';
COMMENT ON COLUMN report.item_owner.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.item_owner.owner IS 'The owner.';
COMMENT ON COLUMN report.item_owner.valid_from IS 'as_of of the first evaluation that found it so.';
COMMENT ON COLUMN report.item_owner.valid_to IS 'as_of of the first evaluation that did not; null: it is so, or was when the item disappeared.';
COMMENT ON COLUMN report.item_owner.owner_key IS 'Key of the owner.';
