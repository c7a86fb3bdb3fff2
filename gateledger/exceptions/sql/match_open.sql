-- Open matches.
INSERT INTO compliance.exception_item (item_id, exception_version_id, valid_from, account_region_id)
SELECT m.item_id, m.rule_id, %(at)s, m.account_region_id
FROM pg_temp.matched AS m
ON CONFLICT (item_id, exception_version_id, valid_from) DO UPDATE SET valid_to = NULL
