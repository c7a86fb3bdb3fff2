-- Does the resource policy let everybody or other accounts invoke the API without a condition?
-- One statement or a list of them, one action, resource or principal or a list: all are read as lists.
SELECT
    CASE
        WHEN rest_api.policy IS NULL OR btrim(rest_api.policy) = '' THEN 'policy_missing'
        WHEN jsonb_typeof(rest_api.policy_document) IS DISTINCT FROM 'object' THEN 'policy_unreadable'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS s (value),
            jsonb_array_elements_text(
                CASE
                    WHEN s.value -> 'NotPrincipal' IS NOT NULL THEN jsonb_build_array('*')
                    WHEN jsonb_typeof(s.value -> 'Principal') = 'string' THEN jsonb_build_array(s.value -> 'Principal')
                    WHEN jsonb_typeof(s.value -> 'Principal' -> 'AWS') = 'array' THEN s.value -> 'Principal' -> 'AWS'
                    WHEN s.value -> 'Principal' -> 'AWS' IS NOT NULL THEN jsonb_build_array(s.value -> 'Principal' -> 'AWS')
                END
            ) AS p (name)
            WHERE s.value ->> 'Effect' = 'Allow'
            AND NOT EXISTS (
                SELECT 1
                FROM jsonb_object_keys(
                    CASE WHEN jsonb_typeof(s.value -> 'Condition') = 'object' THEN s.value -> 'Condition' END
                ) AS c (operator)
            )
            AND CASE
                WHEN s.value -> 'Action' IS NOT NULL THEN EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(s.value -> 'Action') WHEN 'array' THEN s.value -> 'Action' ELSE jsonb_build_array(s.value -> 'Action') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
                ELSE s.value -> 'NotAction' IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(s.value -> 'NotAction') WHEN 'array' THEN s.value -> 'NotAction' ELSE jsonb_build_array(s.value -> 'NotAction') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
            END
            -- Whom a Deny to everybody, under a condition or not, takes out again is not let in by this alone.
            AND NOT EXISTS (
                SELECT 1
                FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS d (value)
                WHERE d.value ->> 'Effect' = 'Deny'
                    AND (d.value ->> 'Principal' = '*' OR d.value -> 'Principal' ->> 'AWS' = '*')
                    AND CASE
                WHEN d.value -> 'Action' IS NOT NULL THEN EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(d.value -> 'Action') WHEN 'array' THEN d.value -> 'Action' ELSE jsonb_build_array(d.value -> 'Action') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
                ELSE d.value -> 'NotAction' IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(d.value -> 'NotAction') WHEN 'array' THEN d.value -> 'NotAction' ELSE jsonb_build_array(d.value -> 'NotAction') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
            END
                    AND NOT EXISTS (
                        SELECT 1
                        FROM jsonb_array_elements_text(CASE jsonb_typeof(s.value -> 'Resource') WHEN 'array' THEN s.value -> 'Resource' ELSE jsonb_build_array(s.value -> 'Resource') END) AS allowed (arn)
                        WHERE NOT EXISTS (
                            SELECT 1
                            FROM jsonb_array_elements_text(CASE jsonb_typeof(d.value -> 'Resource') WHEN 'array' THEN d.value -> 'Resource' ELSE jsonb_build_array(d.value -> 'Resource') END) AS denied (arn)
                            WHERE denied.arn IN ('*', 'execute-api:/*', allowed.arn)
                                OR (right(denied.arn, 1) = '*' AND starts_with(
                                    rtrim(allowed.arn, '/*') || '/', rtrim(denied.arn, '/*') || '/'
                                ))
                        )
                    )
            )
            AND (
                p.name = '*'
                OR (length(CASE WHEN starts_with(p.name, 'arn:') THEN split_part(p.name, ':', 5) ELSE p.name END) = 12
                    AND NOT CASE WHEN starts_with(p.name, 'arn:') THEN split_part(p.name, ':', 5) ELSE p.name END = ANY(string_to_array(replace(:trusted_accounts, ' ', ''), ','))
                    AND EXISTS (SELECT split_part(r.arn, ':', 5)
                FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS o (value),
                    jsonb_array_elements_text(CASE jsonb_typeof(o.value -> 'Resource') WHEN 'array' THEN o.value -> 'Resource' ELSE jsonb_build_array(o.value -> 'Resource') END) AS r (arn)
                WHERE r.arn LIKE 'arn:%:execute-api:%' AND length(split_part(r.arn, ':', 5)) = 12)
                    AND NOT CASE WHEN starts_with(p.name, 'arn:') THEN split_part(p.name, ':', 5) ELSE p.name END IN (SELECT split_part(r.arn, ':', 5)
                FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS o (value),
                    jsonb_array_elements_text(CASE jsonb_typeof(o.value -> 'Resource') WHEN 'array' THEN o.value -> 'Resource' ELSE jsonb_build_array(o.value -> 'Resource') END) AS r (arn)
                WHERE r.arn LIKE 'arn:%:execute-api:%' AND length(split_part(r.arn, ':', 5)) = 12))
            )
        ) THEN 'open_policy'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS s (value),
            jsonb_array_elements_text(
                CASE
                    WHEN s.value -> 'NotPrincipal' IS NOT NULL THEN jsonb_build_array('*')
                    WHEN jsonb_typeof(s.value -> 'Principal') = 'string' THEN jsonb_build_array(s.value -> 'Principal')
                    WHEN jsonb_typeof(s.value -> 'Principal' -> 'AWS') = 'array' THEN s.value -> 'Principal' -> 'AWS'
                    WHEN s.value -> 'Principal' -> 'AWS' IS NOT NULL THEN jsonb_build_array(s.value -> 'Principal' -> 'AWS')
                END
            ) AS p (name)
            WHERE s.value ->> 'Effect' = 'Allow'
            AND NOT EXISTS (
                SELECT 1
                FROM jsonb_object_keys(
                    CASE WHEN jsonb_typeof(s.value -> 'Condition') = 'object' THEN s.value -> 'Condition' END
                ) AS c (operator)
            )
            AND CASE
                WHEN s.value -> 'Action' IS NOT NULL THEN EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(s.value -> 'Action') WHEN 'array' THEN s.value -> 'Action' ELSE jsonb_build_array(s.value -> 'Action') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
                ELSE s.value -> 'NotAction' IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(s.value -> 'NotAction') WHEN 'array' THEN s.value -> 'NotAction' ELSE jsonb_build_array(s.value -> 'NotAction') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
            END
            -- Whom a Deny to everybody, under a condition or not, takes out again is not let in by this alone.
            AND NOT EXISTS (
                SELECT 1
                FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS d (value)
                WHERE d.value ->> 'Effect' = 'Deny'
                    AND (d.value ->> 'Principal' = '*' OR d.value -> 'Principal' ->> 'AWS' = '*')
                    AND CASE
                WHEN d.value -> 'Action' IS NOT NULL THEN EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(d.value -> 'Action') WHEN 'array' THEN d.value -> 'Action' ELSE jsonb_build_array(d.value -> 'Action') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
                ELSE d.value -> 'NotAction' IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(d.value -> 'NotAction') WHEN 'array' THEN d.value -> 'NotAction' ELSE jsonb_build_array(d.value -> 'NotAction') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
            END
                    AND NOT EXISTS (
                        SELECT 1
                        FROM jsonb_array_elements_text(CASE jsonb_typeof(s.value -> 'Resource') WHEN 'array' THEN s.value -> 'Resource' ELSE jsonb_build_array(s.value -> 'Resource') END) AS allowed (arn)
                        WHERE NOT EXISTS (
                            SELECT 1
                            FROM jsonb_array_elements_text(CASE jsonb_typeof(d.value -> 'Resource') WHEN 'array' THEN d.value -> 'Resource' ELSE jsonb_build_array(d.value -> 'Resource') END) AS denied (arn)
                            WHERE denied.arn IN ('*', 'execute-api:/*', allowed.arn)
                                OR (right(denied.arn, 1) = '*' AND starts_with(
                                    rtrim(allowed.arn, '/*') || '/', rtrim(denied.arn, '/*') || '/'
                                ))
                        )
                    )
            )
            AND (
                length(CASE WHEN starts_with(p.name, 'arn:') THEN split_part(p.name, ':', 5) ELSE p.name END) = 12
                AND NOT CASE WHEN starts_with(p.name, 'arn:') THEN split_part(p.name, ':', 5) ELSE p.name END = ANY(string_to_array(replace(:trusted_accounts, ' ', ''), ','))
                AND NOT EXISTS (SELECT split_part(r.arn, ':', 5)
                FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS o (value),
                    jsonb_array_elements_text(CASE jsonb_typeof(o.value -> 'Resource') WHEN 'array' THEN o.value -> 'Resource' ELSE jsonb_build_array(o.value -> 'Resource') END) AS r (arn)
                WHERE r.arn LIKE 'arn:%:execute-api:%' AND length(split_part(r.arn, ':', 5)) = 12)
            )
        ) THEN 'owner_unknown'
        WHEN rest_api.policy_document IS NOT NULL THEN 'restricted_policy'
    END AS condition,
    CASE WHEN jsonb_typeof(rest_api.policy_document) = 'object' THEN ARRAY(
            SELECT DISTINCT p.name
            FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS s (value),
            jsonb_array_elements_text(
                CASE
                    WHEN s.value -> 'NotPrincipal' IS NOT NULL THEN jsonb_build_array('*')
                    WHEN jsonb_typeof(s.value -> 'Principal') = 'string' THEN jsonb_build_array(s.value -> 'Principal')
                    WHEN jsonb_typeof(s.value -> 'Principal' -> 'AWS') = 'array' THEN s.value -> 'Principal' -> 'AWS'
                    WHEN s.value -> 'Principal' -> 'AWS' IS NOT NULL THEN jsonb_build_array(s.value -> 'Principal' -> 'AWS')
                END
            ) AS p (name)
            WHERE s.value ->> 'Effect' = 'Allow'
            AND NOT EXISTS (
                SELECT 1
                FROM jsonb_object_keys(
                    CASE WHEN jsonb_typeof(s.value -> 'Condition') = 'object' THEN s.value -> 'Condition' END
                ) AS c (operator)
            )
            AND CASE
                WHEN s.value -> 'Action' IS NOT NULL THEN EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(s.value -> 'Action') WHEN 'array' THEN s.value -> 'Action' ELSE jsonb_build_array(s.value -> 'Action') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
                ELSE s.value -> 'NotAction' IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(s.value -> 'NotAction') WHEN 'array' THEN s.value -> 'NotAction' ELSE jsonb_build_array(s.value -> 'NotAction') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
            END
            -- Whom a Deny to everybody, under a condition or not, takes out again is not let in by this alone.
            AND NOT EXISTS (
                SELECT 1
                FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS d (value)
                WHERE d.value ->> 'Effect' = 'Deny'
                    AND (d.value ->> 'Principal' = '*' OR d.value -> 'Principal' ->> 'AWS' = '*')
                    AND CASE
                WHEN d.value -> 'Action' IS NOT NULL THEN EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(d.value -> 'Action') WHEN 'array' THEN d.value -> 'Action' ELSE jsonb_build_array(d.value -> 'Action') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
                ELSE d.value -> 'NotAction' IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof(d.value -> 'NotAction') WHEN 'array' THEN d.value -> 'NotAction' ELSE jsonb_build_array(d.value -> 'NotAction') END) AS a (action)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.action), '*', '%'), '?', '_')
                )
            END
                    AND NOT EXISTS (
                        SELECT 1
                        FROM jsonb_array_elements_text(CASE jsonb_typeof(s.value -> 'Resource') WHEN 'array' THEN s.value -> 'Resource' ELSE jsonb_build_array(s.value -> 'Resource') END) AS allowed (arn)
                        WHERE NOT EXISTS (
                            SELECT 1
                            FROM jsonb_array_elements_text(CASE jsonb_typeof(d.value -> 'Resource') WHEN 'array' THEN d.value -> 'Resource' ELSE jsonb_build_array(d.value -> 'Resource') END) AS denied (arn)
                            WHERE denied.arn IN ('*', 'execute-api:/*', allowed.arn)
                                OR (right(denied.arn, 1) = '*' AND starts_with(
                                    rtrim(allowed.arn, '/*') || '/', rtrim(denied.arn, '/*') || '/'
                                ))
                        )
                    )
            )
            AND (
                p.name = '*'
                OR (length(CASE WHEN starts_with(p.name, 'arn:') THEN split_part(p.name, ':', 5) ELSE p.name END) = 12
                    AND NOT CASE WHEN starts_with(p.name, 'arn:') THEN split_part(p.name, ':', 5) ELSE p.name END = ANY(string_to_array(replace(:trusted_accounts, ' ', ''), ','))
                    AND EXISTS (SELECT split_part(r.arn, ':', 5)
                FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS o (value),
                    jsonb_array_elements_text(CASE jsonb_typeof(o.value -> 'Resource') WHEN 'array' THEN o.value -> 'Resource' ELSE jsonb_build_array(o.value -> 'Resource') END) AS r (arn)
                WHERE r.arn LIKE 'arn:%:execute-api:%' AND length(split_part(r.arn, ':', 5)) = 12)
                    AND NOT CASE WHEN starts_with(p.name, 'arn:') THEN split_part(p.name, ':', 5) ELSE p.name END IN (SELECT split_part(r.arn, ':', 5)
                FROM jsonb_array_elements(CASE jsonb_typeof(rest_api.policy_document -> 'Statement') WHEN 'array' THEN rest_api.policy_document -> 'Statement' ELSE jsonb_build_array(rest_api.policy_document -> 'Statement') END) AS o (value),
                    jsonb_array_elements_text(CASE jsonb_typeof(o.value -> 'Resource') WHEN 'array' THEN o.value -> 'Resource' ELSE jsonb_build_array(o.value -> 'Resource') END) AS r (arn)
                WHERE r.arn LIKE 'arn:%:execute-api:%' AND length(split_part(r.arn, ':', 5)) = 12))
            )
            ORDER BY 1
    ) END AS subjects
FROM rest_api
