-- Matches of changed items that no longer hold.
CREATE TEMPORARY TABLE unmatched ON COMMIT DROP AS
SELECT x.item_id, x.exception_version_id, x.valid_from
FROM compliance.exception_item AS x
JOIN compliance.exception_version AS v
    ON v.exception_version_id = x.exception_version_id AND v.ended_at IS NULL
JOIN report.item_changed AS c ON c.item_id = x.item_id 
    AND (%(since)s::timestamptz IS NULL OR c.changed_at >= %(since)s)
WHERE x.valid_to IS NULL AND NOT EXISTS (
    SELECT FROM pg_temp.matched AS m
    WHERE m.item_id = x.item_id AND m.rule_id = x.exception_version_id
)
