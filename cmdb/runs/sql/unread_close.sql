-- Close what was unread and no longer is; a failed scope leaves everything as it was.
UPDATE cmdb.unread_item AS u
SET valid_to = %(as_of)s
FROM pg_temp.outcome AS o
WHERE u.account_region_id = o.account_region_id AND u.item_type = o.item_type AND u.valid_to IS NULL
  AND o.status IN ('complete', 'partial')
  AND NOT EXISTS (
      SELECT FROM pg_temp.unread AS n
      WHERE n.account_region_id = u.account_region_id AND n.item_type = u.item_type AND n.item_id = u.item_id
  )
