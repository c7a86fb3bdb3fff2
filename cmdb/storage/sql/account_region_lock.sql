-- Keys of account-regions, locked in one order, so that two merges of one never mix and none waits in a circle.
SELECT a.partition, a.account_id, ar.region, ar.account_region_id
FROM cmdb.account_region AS ar
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE (a.partition, a.account_id, ar.region) IN (
    SELECT unnest(%(partitions)s::text[]), unnest(%(account_ids)s::text[]), unnest(%(regions)s::text[])
)
ORDER BY ar.account_region_id
FOR UPDATE OF ar
