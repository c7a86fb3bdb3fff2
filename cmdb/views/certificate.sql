-- Client certificates: how long they last, which stages name them, what became of them.
CREATE VIEW report.certificate AS
SELECT
    c.kind,
    c.certificate_id,
    a.account_id,
    ar.region,
    c.created_at,
    c.expires_at,
    CASE
        WHEN c.valid_to IS NULL THEN floor(extract(epoch FROM c.expires_at - l.as_of) / 86400)::integer
    END AS days_left,
    coalesce(u.stages, 0) AS stages_using,
    CASE WHEN c.proven_absent THEN c.valid_to END AS disappeared_at,
    CASE
        WHEN c.valid_to IS NULL THEN 'PRESENT'
        WHEN c.proven_absent THEN 'DELETED'
        ELSE 'NOT FOLLOWED'
    END AS state,
    coalesce(
        (SELECT min(x.valid_from) FROM cmdb.certificate_closed AS x
         WHERE x.item_id = c.item_id AND x.valid_to > x.valid_from),
        CASE WHEN c.valid_to IS NULL OR c.valid_to > c.valid_from THEN c.valid_from END
    ) AS first_seen_at,
    c.serial,
    c.fingerprint_sha256,
    c.subject,
    a.name AS account_name,
    a.partition,
    'certificate' AS item_type,
    CASE c.kind
        WHEN 'ACM' THEN c.certificate_id
        ELSE 'arn:' || a.partition || ':apigateway:' || ar.region || '::/clientcertificates/' || c.certificate_id
    END AS resource_arn,
    c.valid_from,
    c.item_id
FROM cmdb.certificate AS c
JOIN cmdb.account_region AS ar ON ar.account_region_id = c.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
LEFT JOIN (
    SELECT n.account_region_id, n.client_certificate_id, count(*) AS stages
    FROM (
        SELECT account_region_id, client_certificate_id
        FROM cmdb.stage
        WHERE valid_to IS NULL AND client_certificate_id IS NOT NULL
        UNION ALL
        SELECT account_region_id, client_certificate_id
        FROM cmdb.api_stage
        WHERE valid_to IS NULL AND client_certificate_id IS NOT NULL
    ) AS n
    GROUP BY n.account_region_id, n.client_certificate_id
) AS u ON u.account_region_id = c.account_region_id AND u.client_certificate_id = c.certificate_id
CROSS JOIN (SELECT max(as_of) AS as_of FROM cmdb.run WHERE kind IN ('run', 'collect')) AS l;

COMMENT ON VIEW report.certificate IS 'One row per client certificate that was ever listed, or that a stage named and AWS proved not to exist; the latter was deleted before it could be seen, so all but its id is null.';
COMMENT ON COLUMN report.certificate.kind IS 'API_GATEWAY or ACM.';
COMMENT ON COLUMN report.certificate.certificate_id IS 'API Gateway''s id, or the ARN in ACM.';
COMMENT ON COLUMN report.certificate.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.certificate.region IS 'AWS region.';
COMMENT ON COLUMN report.certificate.created_at IS 'When it was made; null when AWS did not tell.';
COMMENT ON COLUMN report.certificate.expires_at IS 'When it ends; null when AWS did not tell.';
COMMENT ON COLUMN report.certificate.days_left IS 'Whole days from the last collecting run to its end, negative once it has expired; null for one that is gone or whose end is not known.';
COMMENT ON COLUMN report.certificate.stages_using IS 'Live stages of the same account and region that name it, deleted or not.';
COMMENT ON COLUMN report.certificate.disappeared_at IS 'as_of of the run that proved it deleted; null: it is there, or was never proven deleted.';
COMMENT ON COLUMN report.certificate.state IS 'PRESENT; DELETED (proven); NOT FOLLOWED (of ACM, and no stage names it any longer).';
COMMENT ON COLUMN report.certificate.first_seen_at IS 'as_of of the first run that saw it; null: it was deleted before the first look.';
COMMENT ON COLUMN report.certificate.serial IS 'Serial number, hexadecimal; null when no PEM could be read.';
COMMENT ON COLUMN report.certificate.fingerprint_sha256 IS 'SHA-256 of its DER, hexadecimal; null when no PEM could be read.';
COMMENT ON COLUMN report.certificate.subject IS 'Subject, RFC 4514; null when not told.';
COMMENT ON COLUMN report.certificate.account_name IS 'Name of the account; null when it was never told.';
COMMENT ON COLUMN report.certificate.partition IS 'AWS partition.';
COMMENT ON COLUMN report.certificate.item_type IS 'Its type.';
COMMENT ON COLUMN report.certificate.resource_arn IS 'ARN of the certificate.';
COMMENT ON COLUMN report.certificate.valid_from IS 'Since when the certificate looks as it does.';
COMMENT ON COLUMN report.certificate.item_id IS 'Key of the item in the CMDB.';
