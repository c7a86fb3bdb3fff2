-- Account-regions by name, and their place in the order of account ids and regions; a piece of other views and of the report.
CREATE VIEW report.account_region AS
SELECT
    ar.account_region_id,
    a.account_id,
    a.name AS account_name,
    ar.region,
    a.partition,
    dense_rank() OVER (ORDER BY a.account_id, ar.region) AS place
FROM cmdb.account_region AS ar
JOIN cmdb.account AS a ON a.account_key = ar.account_key;

COMMENT ON VIEW report.account_region IS 'One row per account and region that was ever read. A piece of the other views.';
COMMENT ON COLUMN report.account_region.account_region_id IS 'Key of the account-region.';
COMMENT ON COLUMN report.account_region.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.account_region.account_name IS 'Name of the account; null when it was never told.';
COMMENT ON COLUMN report.account_region.region IS 'AWS region.';
COMMENT ON COLUMN report.account_region.partition IS 'AWS partition.';
COMMENT ON COLUMN report.account_region.place IS 'Its place in the order by account id and region: a number sorts faster than both.';
