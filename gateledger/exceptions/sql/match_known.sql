-- Leave out matches that are open already.
DELETE FROM pg_temp.matched AS m
USING compliance.exception_item AS x
WHERE x.item_id = m.item_id AND x.exception_version_id = m.rule_id AND x.valid_to IS NULL
