-- Certificates of an account's regions that are proven not to exist.
SELECT ar.region, c.certificate_id
FROM cmdb.certificate AS c
JOIN cmdb.account_region AS ar ON ar.account_region_id = c.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s AND ar.region = ANY(%(regions)s)
  AND c.valid_to IS NOT NULL AND c.proven_absent
