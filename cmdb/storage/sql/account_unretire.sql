-- A retired account that a run asks for again is in use again.
UPDATE cmdb.account SET retired_at = NULL
WHERE partition = %(partition)s AND account_id = %(account_id)s AND retired_at IS NOT NULL
