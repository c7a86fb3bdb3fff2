-- The scopes of some account-regions as they stand, with whether something in them is noted as unread.
SELECT sc.account_region_id, sc.item_type, sc.status, sc.digest,
       sc.failure_kind IS NOT NULL OR EXISTS (
           SELECT FROM cmdb.unread_item AS u
           WHERE u.account_region_id = sc.account_region_id AND u.item_type = sc.item_type
             AND u.valid_to IS NULL
       ) AS is_troubled
FROM cmdb.scope AS sc
WHERE sc.account_region_id = ANY(%(regions)s)
