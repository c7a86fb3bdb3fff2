-- Keep the owners that items had until now.
INSERT INTO compliance.item_owner_closed (item_id, valid_from, valid_to, owner_key)
SELECT x.item_id, x.valid_from, %(at)s, x.owner_key
FROM compliance.item_owner AS x
JOIN pg_temp.changed AS c ON c.item_id = x.item_id
WHERE x.owner_key IS NOT NULL AND x.valid_from < %(at)s
