-- Close the states of a retired account's scopes.
UPDATE cmdb.scope_state SET valid_to = %(as_of)s
WHERE account_region_id = ANY(%(regions)s) AND valid_to IS NULL AND valid_from < %(as_of)s
  AND (status, failure_kind) IS DISTINCT FROM ('skipped', 'account_left')
