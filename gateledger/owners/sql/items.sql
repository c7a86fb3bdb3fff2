-- All items that are there.
CREATE TEMPORARY TABLE item ON COMMIT DROP AS
SELECT item_id, account_region_id, account_key, resource_arn, api_id AS rest_api_id, api_name AS rest_api_name
FROM report.item_identity
WHERE valid_to IS NULL
