-- Items that have another owner than before.
CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
SELECT w.item_id, o.owner_key
FROM pg_temp.owned AS w
LEFT JOIN compliance.owner AS o ON o.name = w.owner
LEFT JOIN compliance.item_owner AS x ON x.item_id = w.item_id
WHERE x.owner_key IS DISTINCT FROM o.owner_key
