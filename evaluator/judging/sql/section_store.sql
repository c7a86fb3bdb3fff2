-- Know a section of a framework.
INSERT INTO compliance.framework_section AS s (framework, section, title)
VALUES (%(framework)s, %(section)s, %(title)s)
ON CONFLICT (framework, section, title) DO UPDATE SET title = excluded.title
RETURNING framework_section_id
