-- Close all that account-regions hold: certificates are let go of, which proves nothing of their absence.
WITH api AS (
    UPDATE cmdb.rest_api SET valid_to = %(as_of)s
    WHERE account_region_id = ANY(%(regions)s) AND valid_to IS NULL
    RETURNING rest_api_key
),
stage AS (
    UPDATE cmdb.stage SET valid_to = %(as_of)s
    WHERE account_region_id = ANY(%(regions)s) AND valid_to IS NULL
    RETURNING stage_id
),
integration AS (
    UPDATE cmdb.integration SET valid_to = %(as_of)s
    WHERE account_region_id = ANY(%(regions)s) AND valid_to IS NULL
    RETURNING rest_api_key
),
certificate AS (
    UPDATE cmdb.certificate SET valid_to = %(as_of)s, proven_absent = false
    WHERE account_region_id = ANY(%(regions)s) AND valid_to IS NULL
    RETURNING certificate_key
),
reading AS (
    DELETE FROM cmdb.method_reading AS m
    USING cmdb.rest_api AS a
    WHERE a.rest_api_key = m.rest_api_key AND a.account_region_id = ANY(%(regions)s)
)
SELECT (SELECT count(*) FROM api), (SELECT count(*) FROM stage), (SELECT count(*) FROM integration),
       (SELECT count(*) FROM certificate)
