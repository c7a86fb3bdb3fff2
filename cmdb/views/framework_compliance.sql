-- How the sections of the compliance frameworks stand now, over all policies that serve them.
CREATE VIEW report.framework_compliance AS
SELECT
    f.framework,
    f.section,
    f.title,
    count(p.policy_key) AS policies,
    coalesce(sum(n.compliant), 0)::bigint AS compliant,
    coalesce(sum(n.incompliant), 0)::bigint AS incompliant,
    coalesce(sum(n.undetermined), 0)::bigint AS undetermined,
    report.percent(sum(n.compliant), sum(n.incompliant)) AS compliance_percent,
    coalesce(sum(n.inapplicable), 0)::bigint AS inapplicable,
    coalesce(array_agg(p.policy_id ORDER BY p.policy_id) FILTER (WHERE p.policy_key IS NOT NULL), '{}')
        AS policy_ids,
    max(n.evaluated_at) AS evaluated_at,
    coalesce(sum(x.excepted), 0)::bigint AS excepted,
    coalesce(sum(x.undetermined_excepted), 0)::bigint AS undetermined_excepted,
    report.percent(sum(n.compliant), sum(n.incompliant) - coalesce(sum(x.excepted), 0))
        AS compliance_percent_with_exceptions
FROM compliance.framework_section AS f
LEFT JOIN compliance.policy_section AS ps ON ps.framework_section_id = f.framework_section_id
LEFT JOIN compliance.policy AS p ON p.policy_key = ps.policy_key
LEFT JOIN (
    SELECT
        t.policy_key,
        sum(t.items) FILTER (WHERE c.status = 'COMPLIANT') AS compliant,
        sum(t.items) FILTER (WHERE c.status = 'INCOMPLIANT') AS incompliant,
        sum(t.items) FILTER (WHERE c.status = 'UNDETERMINED') AS undetermined,
        sum(t.items) FILTER (WHERE c.status = 'INAPPLICABLE') AS inapplicable,
        (SELECT max(e.as_of) FROM compliance.evaluation AS e WHERE e.policy_key = t.policy_key)
            AS evaluated_at
    FROM compliance.tally AS t
    JOIN compliance.condition AS c ON c.condition_key = t.condition_key
    WHERE t.valid_to IS NULL
    GROUP BY t.policy_key
) AS n ON n.policy_key = p.policy_key
LEFT JOIN (
    SELECT policy_key,
           count(*) FILTER (WHERE status = 'INCOMPLIANT') AS excepted,
           count(*) FILTER (WHERE status = 'UNDETERMINED') AS undetermined_excepted
    FROM report.excepted
    GROUP BY policy_key
) AS x ON x.policy_key = p.policy_key
GROUP BY f.framework_section_id, f.framework, f.section, f.title;

COMMENT ON VIEW report.framework_compliance IS 'One row per section of a compliance framework: its policies and how the items stand under them now.';
COMMENT ON COLUMN report.framework_compliance.framework IS 'Framework, with its version.';
COMMENT ON COLUMN report.framework_compliance.section IS 'Section; empty where the framework has unnumbered ones.';
COMMENT ON COLUMN report.framework_compliance.title IS 'Title of the section.';
COMMENT ON COLUMN report.framework_compliance.policies IS 'Policies that serve the section.';
COMMENT ON COLUMN report.framework_compliance.compliant IS 'COMPLIANT findings of these policies; an item counts once under each.';
COMMENT ON COLUMN report.framework_compliance.incompliant IS 'INCOMPLIANT findings of these policies.';
COMMENT ON COLUMN report.framework_compliance.undetermined IS 'UNDETERMINED findings of these policies; to be read beside the percentage.';
COMMENT ON COLUMN report.framework_compliance.compliance_percent IS 'compliant / (compliant + incompliant), in percent with two decimals; null when there is neither.';
COMMENT ON COLUMN report.framework_compliance.inapplicable IS 'INAPPLICABLE findings of these policies.';
COMMENT ON COLUMN report.framework_compliance.policy_ids IS 'Ids of these policies.';
COMMENT ON COLUMN report.framework_compliance.evaluated_at IS 'as_of of the latest evaluation of these policies; null: none was evaluated yet.';
COMMENT ON COLUMN report.framework_compliance.excepted IS 'Of the INCOMPLIANT findings, those that an exception covers now.';
COMMENT ON COLUMN report.framework_compliance.undetermined_excepted IS 'Of the UNDETERMINED findings, those that an exception covers now.';
COMMENT ON COLUMN report.framework_compliance.compliance_percent_with_exceptions IS 'compliant / (compliant + incompliant - excepted), in percent with two decimals; null when there is neither.';
