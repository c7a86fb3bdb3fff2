-- Live items of these account-regions.
CREATE TEMPORARY TABLE item ON COMMIT DROP AS
SELECT i.item_id, i.account_region_id, i.resource_arn, i.api_id AS rest_api_id, i.api_name AS rest_api_name
FROM report.item_identity AS i
WHERE i.valid_to IS NULL
  AND (EXISTS (SELECT FROM pg_temp.placed WHERE account_region_id IS NULL)
       OR i.account_region_id IN (SELECT account_region_id FROM pg_temp.placed))
