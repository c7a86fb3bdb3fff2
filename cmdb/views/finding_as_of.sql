-- What every policy said of every item alive at a time; inlined, so that filters reach the tables.
CREATE FUNCTION report.finding_as_of(as_of timestamptz)
RETURNS TABLE (
    policy_id text, resource_arn text, account_id text, region text, rest_api_id text, stage_name text,
    status text, condition text, valid_from timestamptz, valid_to timestamptz, since timestamptz,
    account_name text, policy_version text, item_id bigint, item_type text,
    subjects text[], subject_count integer, exception_id text, exception_until timestamptz,
    api_id text,
    name text, owner text, served_changes text[]
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT h.policy_id, h.resource_arn, h.account_id, h.region, h.rest_api_id, h.stage_name, h.status,
           h.condition, h.valid_from, h.valid_to, h.since, h.account_name, h.policy_version, h.item_id,
           h.item_type, h.subjects, h.subject_count,
           -- Nothing else can be excepted.
           CASE WHEN h.status IN ('INCOMPLIANT', 'UNDETERMINED') THEN (
               SELECT v.exception_id
               FROM report.exception_item AS v
               WHERE v.item_id = h.item_id AND v.matches_from <= finding_as_of.as_of
                 AND (v.matches_to IS NULL OR v.matches_to > finding_as_of.as_of)
                 AND v.entered_at <= finding_as_of.as_of
                 AND (v.ended_at IS NULL OR v.ended_at > finding_as_of.as_of)
                 AND v.valid_from <= finding_as_of.as_of AND v.valid_until > finding_as_of.as_of
                 AND h.status = ANY (v.statuses) AND h.policy_id LIKE ANY (v.policies_like)
               ORDER BY v.valid_until DESC, v.exception_id
               LIMIT 1
           ) END AS exception_id,
           CASE WHEN h.status IN ('INCOMPLIANT', 'UNDETERMINED') THEN (
               SELECT v.valid_until
               FROM report.exception_item AS v
               WHERE v.item_id = h.item_id AND v.matches_from <= finding_as_of.as_of
                 AND (v.matches_to IS NULL OR v.matches_to > finding_as_of.as_of)
                 AND v.entered_at <= finding_as_of.as_of
                 AND (v.ended_at IS NULL OR v.ended_at > finding_as_of.as_of)
                 AND v.valid_from <= finding_as_of.as_of AND v.valid_until > finding_as_of.as_of
                 AND h.status = ANY (v.statuses) AND h.policy_id LIKE ANY (v.policies_like)
               ORDER BY v.valid_until DESC, v.exception_id
               LIMIT 1
           ) END AS exception_until,
           h.api_id,
           h.name,
           w.owner,
           h.served_changes
    FROM report.finding_history AS h
    LEFT JOIN (
        SELECT x.item_id, x.owner
        FROM report.item_owner AS x
        WHERE x.valid_from <= finding_as_of.as_of
          AND (x.valid_to IS NULL OR x.valid_to > finding_as_of.as_of)
    ) AS w ON w.item_id = h.item_id
    WHERE h.valid_from <= as_of AND (h.valid_to IS NULL OR h.valid_to > as_of)
      AND h.status <> 'DISAPPEARED'
$$;
COMMENT ON FUNCTION report.finding_as_of(timestamptz) IS 'Compliance records of the items alive at a time, with their owners and the exceptions that covered them, as was known then.';
