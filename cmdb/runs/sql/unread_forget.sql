-- Drop what an earlier run of the same as_of could not read and this one could.
DELETE FROM cmdb.unread_item AS u
USING pg_temp.outcome AS o
WHERE u.account_region_id = o.account_region_id AND u.item_type = o.item_type AND u.valid_to IS NULL
  AND u.valid_from = %(as_of)s AND o.status IN ('complete', 'partial')
  AND NOT EXISTS (
      SELECT FROM pg_temp.unread AS n
      WHERE n.account_region_id = u.account_region_id AND n.item_type = u.item_type AND n.item_id = u.item_id
  )
