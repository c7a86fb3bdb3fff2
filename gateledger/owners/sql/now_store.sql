-- Give items the owners that they have now.
INSERT INTO compliance.item_owner AS x (item_id, owner_key, valid_from)
SELECT c.item_id, c.owner_key, %(at)s
FROM pg_temp.changed AS c
ON CONFLICT (item_id) DO UPDATE SET owner_key = excluded.owner_key, valid_from = excluded.valid_from
