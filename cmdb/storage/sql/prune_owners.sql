-- Drop owners that no item has or had.
DELETE FROM compliance.owner AS o
WHERE NOT EXISTS (SELECT FROM compliance.item_owner AS x WHERE x.owner_key = o.owner_key)
  AND NOT EXISTS (SELECT FROM compliance.item_owner_closed AS x WHERE x.owner_key = o.owner_key)
