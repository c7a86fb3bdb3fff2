-- Items that are there and changed at a time or later, themselves, or what they belong to, their account included.
CREATE TEMPORARY TABLE item ON COMMIT DROP AS
SELECT i.item_id, i.account_region_id, i.account_key, i.resource_arn,
       i.api_id AS rest_api_id, i.api_name AS rest_api_name
FROM report.item_identity AS i
WHERE i.valid_to IS NULL
  AND (i.item_id IN (SELECT item_id FROM report.item_changed WHERE changed_at >= %(since)s)
       OR i.account_key IN (SELECT account_key FROM cmdb.account WHERE valid_from >= %(since)s))
