-- Drop certificates that were gone before the limit and that no stage names any longer, so many at a time.
WITH dead AS (
    DELETE FROM cmdb.certificate
    WHERE certificate_key IN (
        SELECT c.certificate_key
        FROM cmdb.certificate AS c
        WHERE c.valid_to <= %(limit)s
          AND NOT EXISTS (
              SELECT FROM cmdb.stage AS s
              WHERE s.account_region_id = c.account_region_id AND s.client_certificate_id = c.certificate_id
          )
          AND NOT EXISTS (
              SELECT FROM cmdb.stage_closed AS x
              JOIN cmdb.stage AS s ON s.stage_id = x.stage_id
              WHERE x.superseded_at > %(limit)s AND s.account_region_id = c.account_region_id
                AND x.client_certificate_id = c.certificate_id
          )
        LIMIT %(batch)s
    )
    RETURNING certificate_key
),
payload AS (DELETE FROM cmdb.certificate_payload WHERE certificate_key IN (SELECT certificate_key FROM dead)),
version AS (DELETE FROM cmdb.certificate_closed WHERE certificate_key IN (SELECT certificate_key FROM dead))
SELECT count(*) FROM dead
