-- Does the resource policy of a private API restrict callers to VPC endpoints or VPCs?
SELECT
    CASE
        WHEN NOT rest_api.is_private THEN 'not_private'
        WHEN rest_api.is_private IS NULL THEN 'unexpected'
        WHEN rest_api.policy IS NULL OR btrim(rest_api.policy) = '' THEN 'policy_missing'
        WHEN jsonb_typeof(rest_api.policy_document) IS DISTINCT FROM 'object' THEN 'policy_unreadable'
        WHEN EXISTS (
            SELECT 1 FROM policy_invokers(rest_api.policy_document) AS invoker WHERE invoker.principal = '*'
        ) OR NOT EXISTS (
            SELECT 1
            FROM jsonb_array_elements(jsonb_build_array() || (rest_api.policy_document -> 'Statement')) AS s (value),
                jsonb_each(CASE WHEN jsonb_typeof(s.value -> 'Condition') = 'object' THEN s.value -> 'Condition' END)
                    AS o (operator, tests),
                jsonb_each(CASE WHEN jsonb_typeof(o.tests) = 'object' THEN o.tests END) AS t (key, wanted)
            WHERE lower(t.key) IN (
                    'aws:sourcevpce', 'aws:sourcevpc', 'aws:sourcevpcarn', 'aws:vpceaccount', 'aws:vpceorgid',
                    'aws:vpceorgpaths'
                )
                -- One value that fits them all names none; that there is an endpoint is said of every private API.
                AND NOT EXISTS (
                    SELECT 1
                    FROM jsonb_array_elements_text(jsonb_build_array() || t.wanted) AS w (value)
                    WHERE w.value IN ('*', 'vpce-*', 'vpc-*')
                        OR (right(w.value, 6) = ':vpc/*' AND split_part(w.value, ':', 5) = '*')
                )
                AND lower(o.operator) <> 'null'
                -- Allowed if it is one of these, or denied unless it is: the other two name whom to keep out.
                AND CASE s.value ->> 'Effect'
                    WHEN 'Allow' THEN lower(o.operator) NOT LIKE '%not%'
                    WHEN 'Deny' THEN lower(o.operator) LIKE '%not%'
                END
        ) THEN 'no_vpc_named'
        WHEN rest_api.policy_document IS NOT NULL THEN 'vpc_named'
    END AS condition
FROM rest_api
