-- What explains an empty list of findings: when the first and the last evaluation were, and what is known by name.
SELECT (SELECT min(as_of) FROM report.run
        WHERE kind IN ('run', 'evaluate') AND status IN ('complete', 'incomplete')) AS first_at,
       (SELECT max(as_of) FROM report.run
        WHERE kind IN ('run', 'evaluate') AND status IN ('complete', 'incomplete')) AS last_at,
       ARRAY(SELECT wanted FROM unnest(%(accounts)s::text[]) AS wanted
             WHERE NOT EXISTS (SELECT FROM report.scope_health WHERE account_id = wanted)) AS unknown_accounts,
       ARRAY(SELECT wanted FROM unnest(%(regions)s::text[]) AS wanted
             WHERE NOT EXISTS (SELECT FROM report.scope_health WHERE region = wanted)) AS unknown_regions,
       ARRAY(SELECT wanted FROM unnest(%(owners)s::text[]) AS wanted
             WHERE NOT EXISTS (SELECT FROM report.item_owner WHERE owner = wanted)) AS unknown_owners
