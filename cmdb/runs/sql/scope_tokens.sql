-- The tokens of some scopes of one item type.
SELECT account_region_id, tokens
FROM cmdb.scope
WHERE account_region_id = ANY(%(regions)s) AND item_type = %(item_type)s
