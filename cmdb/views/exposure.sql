-- Who can reach what a stage or REST API serves, as far as that is known.
CREATE VIEW report.exposure AS
SELECT
    e.item_id,
    e.is_public,
    e.has_web_acl,
    e.open_methods,
    CASE
        WHEN e.is_public THEN 1 + (NOT e.has_web_acl)::integer + coalesce(e.open_methods > 0, false)::integer
        ELSE 0
    END AS exposure
FROM (
    SELECT
        s.item_id,
        NOT a.is_private AS is_public,
        coalesce(w.payload ->> 'webAclArn', '') <> '' AS has_web_acl,
        (
            SELECT count(*) FILTER (WHERE coalesce(m ->> 'authorization', 'NONE') = 'NONE')
            FROM cmdb.deployment AS d
            JOIN cmdb.deployment_payload AS dw ON dw.digest = d.digest
            CROSS JOIN LATERAL jsonb_array_elements(
                CASE jsonb_typeof(dw.payload -> 'methods') WHEN 'array' THEN dw.payload -> 'methods' END
            ) AS m
            WHERE d.account_region_id = s.account_region_id AND d.parent_id = s.parent_id
              AND d.deployment_id = s.deployment_id
            HAVING count(*) > 0
        ) AS open_methods
    FROM cmdb.stage AS s
    JOIN cmdb.rest_api AS a ON a.item_id = s.parent_id
    LEFT JOIN cmdb.stage_payload AS w ON w.item_id = s.item_id
    UNION ALL
    SELECT a.item_id, NOT a.is_private, false, NULL
    FROM cmdb.rest_api AS a
) AS e;

COMMENT ON VIEW report.exposure IS 'One row per stage and REST API, those that are gone included: who can reach it, as far as that is known.';
COMMENT ON COLUMN report.exposure.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.exposure.is_public IS 'Whether its endpoint is reached from the internet: PRIVATE is not its only endpoint type.';
COMMENT ON COLUMN report.exposure.has_web_acl IS 'Whether a WAF web ACL is associated with the stage; false of REST APIs, which have none.';
COMMENT ON COLUMN report.exposure.open_methods IS 'Methods that the stage serves without authorization; null: not known, or it serves none.';
COMMENT ON COLUMN report.exposure.exposure IS '0: private; else 1, and 1 more each for no web ACL and for methods known to be without authorization.';
