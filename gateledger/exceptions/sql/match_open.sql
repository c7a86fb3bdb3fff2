-- Open matches that are not open yet.
INSERT INTO compliance.exception_item (item_id, exception_version_id, valid_from, account_region_id)
SELECT m.item_id, m.exception_version_id, %(at)s, m.account_region_id
FROM pg_temp.matched AS m
WHERE NOT EXISTS (
    SELECT FROM compliance.exception_item AS x
    WHERE x.item_id = m.item_id AND x.exception_version_id = m.exception_version_id AND x.valid_to IS NULL
)
ON CONFLICT (item_id, exception_version_id, valid_from) DO UPDATE SET valid_to = NULL
