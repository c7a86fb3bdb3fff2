-- Note that an account is retired.
UPDATE cmdb.account SET retired_at = %(as_of)s WHERE account_key = %(account_key)s
