-- Make an account-region of a known account.
INSERT INTO cmdb.account_region (account_key, region)
SELECT account_key, %(region)s
FROM cmdb.account
WHERE partition = %(partition)s AND account_id = %(account_id)s
ON CONFLICT (account_key, region) DO NOTHING
