-- Make account-regions of known accounts.
INSERT INTO cmdb.account_region (account_key, region)
SELECT a.account_key, wanted.region
FROM unnest(%(partitions)s::text[], %(account_ids)s::text[], %(regions)s::text[])
    AS wanted (partition, account_id, region)
JOIN cmdb.account AS a ON a.partition = wanted.partition AND a.account_id = wanted.account_id
ORDER BY a.account_key, wanted.region
ON CONFLICT (account_key, region) DO NOTHING
