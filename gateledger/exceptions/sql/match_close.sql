-- Close matches that no longer hold.
UPDATE compliance.exception_item AS x
SET valid_to = %(at)s
FROM pg_temp.unmatched AS u
WHERE x.item_id = u.item_id AND x.exception_version_id = u.exception_version_id
  AND x.valid_from = u.valid_from AND x.valid_from < %(at)s
