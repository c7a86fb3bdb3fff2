-- Scopes of account-regions that were handed out and never read: known ones and new ones.
WITH left_over AS (
    SELECT account_region_id FROM cmdb.dispatch_item WHERE run_id = %(run_id)s AND done_at IS NULL
),
made AS (
    INSERT INTO cmdb.scope AS sc (account_region_id, item_type, status, error)
    SELECT l.account_region_id, t.item_type, 'uncollected', %(error)s
    FROM left_over AS l CROSS JOIN unnest(%(item_types)s::text[]) AS t (item_type)
    ON CONFLICT (account_region_id, item_type) DO UPDATE SET error = excluded.error
    WHERE sc.status = 'uncollected'
    RETURNING account_region_id, item_type
),
opened AS (
    INSERT INTO cmdb.scope_state (account_region_id, item_type, valid_from, status)
    SELECT account_region_id, item_type, %(as_of)s, 'uncollected' FROM made
    ON CONFLICT (account_region_id, item_type) WHERE valid_to IS NULL DO NOTHING
)
SELECT count(*) FROM made
