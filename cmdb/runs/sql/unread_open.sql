-- Note what could not be read for the first time, with the scope's reading before.
INSERT INTO cmdb.unread_item (account_region_id, item_type, item_id, valid_from, read_before, failure_kind, error)
SELECT n.account_region_id, n.item_type, n.item_id, %(as_of)s, sc.read_at, n.failure_kind, n.error
FROM pg_temp.unread AS n
LEFT JOIN cmdb.scope AS sc ON sc.account_region_id = n.account_region_id AND sc.item_type = n.item_type
ON CONFLICT (account_region_id, item_type, item_id) WHERE valid_to IS NULL DO NOTHING
