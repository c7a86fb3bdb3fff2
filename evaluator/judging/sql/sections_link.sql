-- Know the sections of frameworks that a policy belongs to, and that it belongs to these alone; what stands so is not written.
WITH given AS (
    SELECT DISTINCT g.framework, g.section, g.title
    FROM jsonb_to_recordset(%(sections)s) AS g (framework text, section text, title text)
),
added AS (
    INSERT INTO compliance.framework_section (framework, section, title)
    SELECT g.framework, g.section, g.title FROM given AS g
    ON CONFLICT (framework, section, title) DO NOTHING
    RETURNING framework_section_id
),
wanted AS (
    SELECT framework_section_id FROM added
    UNION
    SELECT s.framework_section_id
    FROM given AS g
    JOIN compliance.framework_section AS s USING (framework, section, title)
),
dropped AS (
    DELETE FROM compliance.policy_section AS p
    WHERE p.policy_key = %(policy_key)s AND p.framework_section_id NOT IN (SELECT w.framework_section_id FROM wanted AS w)
)
INSERT INTO compliance.policy_section (policy_key, framework_section_id)
SELECT %(policy_key)s, w.framework_section_id FROM wanted AS w
ON CONFLICT DO NOTHING
