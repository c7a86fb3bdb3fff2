-- The stages that may be judged otherwise than at the last evaluation: what the policy reads of what belongs to
-- them changed since, how well it is known changed, or its time has come. A version that was followed by one with
-- the same in all that is read, and without a gap, changed nothing.
INSERT INTO pg_temp.dirty (stage_id)
WITH collection AS (
    SELECT max(r.as_of) AS last_before FROM cmdb.run AS r
    WHERE r.kind IN ('run', 'collect') AND r.as_of <= %(_since)s
),
scope_then AS (
    SELECT st.account_region_id, st.item_type, st.status IN ('complete', 'partial') AS is_read,
           CASE WHEN st.status IN ('complete', 'partial') THEN n.last_before ELSE st.read_before END
               >= %(_since)s::timestamptz - %(max_staleness)s::interval AS is_fresh
    FROM cmdb.scope_state AS st
    CROSS JOIN collection AS n
    WHERE st.valid_from <= %(_since)s AND (st.valid_to IS NULL OR st.valid_to > %(_since)s)
),
scope_changed AS (
    SELECT sc.account_region_id, sc.item_type
    FROM cmdb.scope AS sc
    LEFT JOIN scope_then AS b ON b.account_region_id = sc.account_region_id AND b.item_type = sc.item_type
    WHERE sc.item_type IN ('stage', 'client_certificate', 'acm_certificate')
      AND (sc.status IN ('complete', 'partial'),
           coalesce(sc.read_at >= %(as_of)s::timestamptz - %(max_staleness)s::interval, false))
          IS DISTINCT FROM (b.is_read, coalesce(b.is_fresh, false))
),
unread_changed AS (
    SELECT u.account_region_id, u.item_type, u.item_id
    FROM cmdb.unread_item AS u
    WHERE u.item_type IN ('stage', 'client_certificate', 'acm_certificate')
      AND (u.valid_from > %(_since)s OR u.valid_to > %(_since)s
           OR (u.valid_to IS NULL
               AND u.read_before >= %(_since)s::timestamptz - %(max_staleness)s::interval
               AND u.read_before < %(as_of)s::timestamptz - %(max_staleness)s::interval))
),
api_changed AS (
    SELECT a.account_region_id, a.rest_api_key
    FROM cmdb.rest_api_closed AS x
    JOIN cmdb.rest_api AS a ON a.rest_api_key = x.rest_api_key
    WHERE x.superseded_at > %(_since)s
      AND ('rest_api.version_id' = ANY(%(_reads)s) OR x.is_private IS DISTINCT FROM a.is_private
           OR ('rest_api.name' = ANY(%(_reads)s) AND x.name IS DISTINCT FROM a.name))
    UNION
    SELECT i.account_region_id, i.rest_api_key
    FROM cmdb.integration AS i
    LEFT JOIN cmdb.integration_closed AS x ON x.rest_api_key = i.rest_api_key AND x.superseded_at > %(_since)s
    WHERE i.version_id > %(_watermark)s
      AND (x.rest_api_key IS NULL OR 'integration.version_id' = ANY(%(_reads)s) OR x.valid_to < x.superseded_at
           OR x.has_http IS DISTINCT FROM i.has_http
           OR ('integration.types' = ANY(%(_reads)s) AND x.types IS DISTINCT FROM i.types))
    UNION
    SELECT a.account_region_id, a.rest_api_key
    FROM unread_changed AS u
    JOIN cmdb.rest_api AS a ON a.account_region_id = u.account_region_id AND a.rest_api_id = u.item_id
    WHERE u.item_type = 'stage'
),
certificate_changed AS (
    SELECT c.account_region_id, c.certificate_id
    FROM cmdb.certificate AS c WHERE c.certificate_key > %(_watermark)s
    UNION
    SELECT c.account_region_id, c.certificate_id FROM cmdb.certificate AS c WHERE c.valid_to > %(_since)s
    UNION
    SELECT c.account_region_id, c.certificate_id
    FROM cmdb.certificate_closed AS x
    JOIN cmdb.certificate AS c ON c.certificate_key = x.certificate_key
    WHERE x.superseded_at > %(_since)s
      AND ('certificate.version_id' = ANY(%(_reads)s) OR x.valid_to < x.superseded_at
           OR ('certificate.created_at' = ANY(%(_reads)s) AND x.created_at IS DISTINCT FROM c.created_at)
           OR ('certificate.expires_at' = ANY(%(_reads)s) AND x.expires_at IS DISTINCT FROM c.expires_at))
    UNION
    SELECT u.account_region_id, u.item_id FROM unread_changed AS u WHERE u.item_type <> 'stage'
)
SELECT s.stage_id FROM cmdb.stage AS s WHERE s.stage_id > %(_watermark)s
UNION
SELECT s.stage_id FROM cmdb.stage AS s WHERE s.valid_to > %(_since)s
UNION
SELECT s.stage_id
FROM cmdb.stage_closed AS x
JOIN cmdb.stage AS s ON s.stage_id = x.stage_id
WHERE x.superseded_at > %(_since)s
  AND ('stage.version_id' = ANY(%(_reads)s) OR x.valid_to < x.superseded_at
       OR x.client_certificate_id IS DISTINCT FROM s.client_certificate_id
       OR x.certificate_named_at <> s.certificate_named_at
       OR ('stage.deployment_id' = ANY(%(_reads)s) AND x.deployment_id IS DISTINCT FROM s.deployment_id))
UNION
SELECT s.stage_id
FROM api_changed AS a
JOIN cmdb.stage AS s ON s.account_region_id = a.account_region_id AND s.rest_api_key = a.rest_api_key
UNION
SELECT s.stage_id
FROM certificate_changed AS c
JOIN cmdb.stage AS s
    ON s.account_region_id = c.account_region_id AND s.client_certificate_id = c.certificate_id
UNION
SELECT s.stage_id
FROM scope_changed AS sc
JOIN cmdb.stage AS s ON s.account_region_id = sc.account_region_id
WHERE sc.item_type = 'stage' OR s.client_certificate_id IS NOT NULL
UNION
SELECT r.stage_id
FROM compliance.record AS r
WHERE r.policy_key = %(policy_key)s AND r.recheck_at <= %(as_of)s
