-- An account to retire, locked, with the keys of its account-regions.
SELECT a.account_key, a.retired_at,
       ARRAY(SELECT ar.account_region_id FROM cmdb.account_region AS ar WHERE ar.account_key = a.account_key)
FROM cmdb.account AS a
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s
FOR UPDATE OF a
