-- All versions as stretches of nights. A night's number is how many nights lie before a time; the calendar holds
-- the times right after them, so that the function needs nothing stable and is no call but part of its statement.
CREATE TEMPORARY VIEW calendar AS
SELECT array_agg(as_of + interval '1 microsecond' ORDER BY n) AS nights FROM night;
CREATE OR REPLACE FUNCTION pg_temp.night_of(moment timestamptz, nights timestamptz[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(width_bucket(moment, nights), cardinality(nights));
INSERT INTO old_stage
SELECT v.stage_id, v.first, v.past, v.version_id, s.account_region_id, s.rest_api_key, s.stage_name,
       v.deployment_id, v.client_certificate_id, v.certificate_named_at, v.disappeared_at
FROM (
    SELECT x.stage_id, x.version_id, x.deployment_id, x.client_certificate_id, x.certificate_named_at,
           p.disappeared_at, pg_temp.night_of(p.since, a.nights) AS first,
           pg_temp.night_of(p.until, a.nights) AS past
    FROM calendar AS a
    CROSS JOIN (
        SELECT stage_id, version_id, deployment_id, client_certificate_id, certificate_named_at, valid_from,
               valid_to, NULL::timestamptz AS superseded_at
        FROM cmdb.stage
        UNION ALL
        SELECT stage_id, version_id, deployment_id, client_certificate_id, certificate_named_at, valid_from,
               valid_to, superseded_at
        FROM cmdb.stage_closed
    ) AS x
    CROSS JOIN LATERAL (
        VALUES (x.valid_from, x.valid_to, NULL::timestamptz), (x.valid_to, x.superseded_at, x.valid_to)
    ) AS p (since, until, disappeared_at)
    WHERE p.since IS NOT NULL
) AS v
JOIN cmdb.stage AS s ON s.stage_id = v.stage_id
WHERE v.first < v.past;
INSERT INTO old_api
SELECT v.rest_api_key, v.first, v.past, v.version_id, a.account_region_id, a.rest_api_id, v.name, v.is_private
FROM (
    SELECT x.rest_api_key, x.version_id, x.name, x.is_private,
           pg_temp.night_of(x.valid_from, t.nights) AS first, pg_temp.night_of(x.superseded_at, t.nights) AS past
    FROM calendar AS t
    CROSS JOIN (
        SELECT rest_api_key, version_id, name, is_private, valid_from, NULL::timestamptz AS superseded_at
        FROM cmdb.rest_api
        UNION ALL
        SELECT rest_api_key, version_id, name, is_private, valid_from, superseded_at FROM cmdb.rest_api_closed
    ) AS x
) AS v
JOIN cmdb.rest_api AS a ON a.rest_api_key = v.rest_api_key
WHERE v.first < v.past;
INSERT INTO old_integration
SELECT v.rest_api_key, v.first, v.past, v.version_id, v.has_http, v.types
FROM (
    SELECT x.rest_api_key, x.version_id, x.has_http, x.types,
           pg_temp.night_of(x.valid_from, t.nights) AS first, pg_temp.night_of(x.valid_to, t.nights) AS past
    FROM calendar AS t
    CROSS JOIN (
        SELECT rest_api_key, version_id, has_http, types, valid_from, valid_to FROM cmdb.integration
        UNION ALL
        SELECT rest_api_key, version_id, has_http, types, valid_from, valid_to FROM cmdb.integration_closed
    ) AS x
) AS v
WHERE v.first < v.past;
INSERT INTO old_certificate
SELECT c.account_region_id, c.certificate_id, v.first, v.past, c.kind, v.version_id, v.created_at,
       v.expires_at, v.absent_since
FROM (
    SELECT x.certificate_key, x.version_id, x.created_at, x.expires_at, p.absent_since,
           pg_temp.night_of(p.since, t.nights) AS first, pg_temp.night_of(p.until, t.nights) AS past
    FROM calendar AS t
    CROSS JOIN (
        SELECT certificate_key, version_id, created_at, expires_at, valid_from, valid_to, proven_absent,
               NULL::timestamptz AS superseded_at
        FROM cmdb.certificate
        UNION ALL
        SELECT certificate_key, version_id, created_at, expires_at, valid_from, valid_to, proven_absent,
               superseded_at
        FROM cmdb.certificate_closed
    ) AS x
    CROSS JOIN LATERAL (
        VALUES (x.valid_from, x.valid_to, NULL::timestamptz, true),
               (x.valid_to, x.superseded_at, x.valid_to, x.proven_absent)
    ) AS p (since, until, absent_since, is_told)
    WHERE p.since IS NOT NULL AND p.is_told
) AS v
JOIN cmdb.certificate AS c ON c.certificate_key = v.certificate_key
WHERE v.first < v.past;
INSERT INTO old_scope
SELECT v.account_region_id, v.item_type, v.first, v.past, v.is_read, v.read_before
FROM (
    SELECT st.account_region_id, st.item_type, st.status IN ('complete', 'partial') AS is_read, st.read_before,
           pg_temp.night_of(st.valid_from, t.nights) AS first, pg_temp.night_of(st.valid_to, t.nights) AS past
    FROM calendar AS t
    CROSS JOIN cmdb.scope_state AS st
    WHERE st.item_type IN ('stage', 'client_certificate', 'acm_certificate')
) AS v
WHERE v.first < v.past;
INSERT INTO old_unread
SELECT v.account_region_id, v.item_type, v.item_id, a.rest_api_key, v.first, v.past, v.read_before
FROM (
    SELECT u.account_region_id, u.item_type, u.item_id, u.read_before,
           pg_temp.night_of(u.valid_from, t.nights) AS first, pg_temp.night_of(u.valid_to, t.nights) AS past
    FROM calendar AS t
    CROSS JOIN cmdb.unread_item AS u
    WHERE u.item_type IN ('stage', 'client_certificate', 'acm_certificate')
) AS v
LEFT JOIN cmdb.rest_api AS a
    ON v.item_type = 'stage' AND a.account_region_id = v.account_region_id AND a.rest_api_id = v.item_id
WHERE v.first < v.past;
ANALYZE night; ANALYZE old_stage; ANALYZE old_api; ANALYZE old_integration; ANALYZE old_certificate;
ANALYZE old_scope; ANALYZE old_unread
