-- Does the resource policy let everybody or other accounts invoke the API without a condition?
-- AWS takes one statement, action, resource or principal as well as a list: jsonb_build_array() || x is a list of either.
SELECT
    CASE
        WHEN rest_api.policy IS NULL OR btrim(rest_api.policy) = '' THEN 'policy_missing'
        WHEN jsonb_typeof(rest_api.policy_document) IS DISTINCT FROM 'object' THEN 'policy_unreadable'
        WHEN EXISTS (
            SELECT 1
            FROM jsonb_array_elements(jsonb_build_array() || (rest_api.policy_document -> 'Statement')) AS s (value),
                jsonb_array_elements_text(
                    CASE
                        WHEN s.value -> 'NotPrincipal' IS NOT NULL THEN jsonb_build_array('*')
                        ELSE jsonb_build_array() || coalesce(s.value -> 'Principal' -> 'AWS', s.value -> 'Principal')
                    END
                ) AS p (name)
            WHERE s.value ->> 'Effect' = 'Allow'
                AND NOT EXISTS (
                    SELECT 1
                    FROM jsonb_object_keys(
                        CASE WHEN jsonb_typeof(s.value -> 'Condition') = 'object' THEN s.value -> 'Condition' END
                    ) AS c (operator)
                )
                AND (s.value -> 'Action' IS NOT NULL) = EXISTS (
                    SELECT 1
                    FROM jsonb_array_elements_text(jsonb_build_array() || (coalesce(s.value -> 'Action', s.value -> 'NotAction'))) AS a (name)
                    WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.name), '*', '%'), '?', '_')
                )
                AND (
                    p.name = '*'
                    OR (
                        length(coalesce(nullif(split_part(p.name, ':', 5), ''), p.name)) = 12
                        AND NOT coalesce(nullif(split_part(p.name, ':', 5), ''), p.name) = ANY(string_to_array(replace(:trusted_accounts, ' ', ''), ','))
                        AND coalesce(nullif(split_part(p.name, ':', 5), ''), p.name) <> (
                            SELECT min(split_part(r.arn, ':', 5))
                            FROM jsonb_array_elements(jsonb_build_array() || (rest_api.policy_document -> 'Statement')) AS o (value),
                                jsonb_array_elements_text(jsonb_build_array() || (o.value -> 'Resource')) AS r (arn)
                            WHERE r.arn LIKE 'arn:%:execute-api:%' AND length(split_part(r.arn, ':', 5)) = 12
                        )
                    )
                )
                -- Whom a Deny to everybody, under a condition or not, takes out again is not let in by this alone.
                AND NOT EXISTS (
                    SELECT 1
                    FROM jsonb_array_elements(jsonb_build_array() || (rest_api.policy_document -> 'Statement')) AS d (value)
                    WHERE d.value ->> 'Effect' = 'Deny'
                        AND '*' IN (d.value ->> 'Principal', btrim(d.value -> 'Principal' ->> 'AWS', '[" ]'))
                        AND (d.value -> 'Action' IS NOT NULL) = EXISTS (
                            SELECT 1
                            FROM jsonb_array_elements_text(jsonb_build_array() || (coalesce(d.value -> 'Action', d.value -> 'NotAction'))) AS a (name)
                            WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.name), '*', '%'), '?', '_')
                        )
                        AND NOT EXISTS (
                            SELECT 1
                            FROM jsonb_array_elements_text(jsonb_build_array() || (s.value -> 'Resource')) AS allowed (arn)
                            WHERE NOT EXISTS (
                                SELECT 1
                                FROM jsonb_array_elements_text(jsonb_build_array() || (d.value -> 'Resource')) AS denied (arn)
                                WHERE denied.arn IN ('*', 'execute-api:/*', allowed.arn)
                                    OR (right(denied.arn, 1) = '*'
                                        AND starts_with(rtrim(allowed.arn, '/*') || '/', rtrim(denied.arn, '/*') || '/'))
                            )
                        )
                )
        ) THEN 'open_policy'
        -- Nothing says whose the API is: an account that is named may be its own.
        WHEN (
            SELECT min(split_part(r.arn, ':', 5))
            FROM jsonb_array_elements(jsonb_build_array() || (rest_api.policy_document -> 'Statement')) AS o (value),
                jsonb_array_elements_text(jsonb_build_array() || (o.value -> 'Resource')) AS r (arn)
            WHERE r.arn LIKE 'arn:%:execute-api:%' AND length(split_part(r.arn, ':', 5)) = 12
        ) IS NULL AND EXISTS (
            SELECT 1
            FROM jsonb_array_elements(jsonb_build_array() || (rest_api.policy_document -> 'Statement')) AS s (value),
            jsonb_array_elements_text(
                CASE
                    WHEN s.value -> 'NotPrincipal' IS NOT NULL THEN jsonb_build_array('*')
                    ELSE jsonb_build_array() || coalesce(s.value -> 'Principal' -> 'AWS', s.value -> 'Principal')
                END
            ) AS p (name)
            WHERE s.value ->> 'Effect' = 'Allow'
                AND NOT EXISTS (
                SELECT 1
                FROM jsonb_object_keys(
                    CASE WHEN jsonb_typeof(s.value -> 'Condition') = 'object' THEN s.value -> 'Condition' END
                ) AS c (operator)
            )
                AND length(coalesce(nullif(split_part(p.name, ':', 5), ''), p.name)) = 12
                    AND NOT coalesce(nullif(split_part(p.name, ':', 5), ''), p.name) = ANY(string_to_array(replace(:trusted_accounts, ' ', ''), ','))
        ) THEN 'owner_unknown'
        WHEN rest_api.policy_document IS NOT NULL THEN 'restricted_policy'
    END AS condition,
    ARRAY(
        SELECT DISTINCT p.name
        FROM jsonb_array_elements(jsonb_build_array() || (rest_api.policy_document -> 'Statement')) AS s (value),
            jsonb_array_elements_text(
                CASE
                    WHEN s.value -> 'NotPrincipal' IS NOT NULL THEN jsonb_build_array('*')
                    ELSE jsonb_build_array() || coalesce(s.value -> 'Principal' -> 'AWS', s.value -> 'Principal')
                END
            ) AS p (name)
        WHERE s.value ->> 'Effect' = 'Allow'
            AND NOT EXISTS (
                SELECT 1
                FROM jsonb_object_keys(
                    CASE WHEN jsonb_typeof(s.value -> 'Condition') = 'object' THEN s.value -> 'Condition' END
                ) AS c (operator)
            )
            AND (s.value -> 'Action' IS NOT NULL) = EXISTS (
                SELECT 1
                FROM jsonb_array_elements_text(jsonb_build_array() || (coalesce(s.value -> 'Action', s.value -> 'NotAction'))) AS a (name)
                WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.name), '*', '%'), '?', '_')
            )
            AND (
                p.name = '*'
                OR (
                    length(coalesce(nullif(split_part(p.name, ':', 5), ''), p.name)) = 12
                    AND NOT coalesce(nullif(split_part(p.name, ':', 5), ''), p.name) = ANY(string_to_array(replace(:trusted_accounts, ' ', ''), ','))
                    AND coalesce(nullif(split_part(p.name, ':', 5), ''), p.name) <> (
                        SELECT min(split_part(r.arn, ':', 5))
                        FROM jsonb_array_elements(jsonb_build_array() || (rest_api.policy_document -> 'Statement')) AS o (value),
                            jsonb_array_elements_text(jsonb_build_array() || (o.value -> 'Resource')) AS r (arn)
                        WHERE r.arn LIKE 'arn:%:execute-api:%' AND length(split_part(r.arn, ':', 5)) = 12
                    )
                )
            )
            -- Whom a Deny to everybody, under a condition or not, takes out again is not let in by this alone.
            AND NOT EXISTS (
                SELECT 1
                FROM jsonb_array_elements(jsonb_build_array() || (rest_api.policy_document -> 'Statement')) AS d (value)
                WHERE d.value ->> 'Effect' = 'Deny'
                    AND '*' IN (d.value ->> 'Principal', btrim(d.value -> 'Principal' ->> 'AWS', '[" ]'))
                    AND (d.value -> 'Action' IS NOT NULL) = EXISTS (
                        SELECT 1
                        FROM jsonb_array_elements_text(jsonb_build_array() || (coalesce(d.value -> 'Action', d.value -> 'NotAction'))) AS a (name)
                        WHERE 'execute-api:invoke' LIKE replace(replace(lower(a.name), '*', '%'), '?', '_')
                    )
                    AND NOT EXISTS (
                        SELECT 1
                        FROM jsonb_array_elements_text(jsonb_build_array() || (s.value -> 'Resource')) AS allowed (arn)
                        WHERE NOT EXISTS (
                            SELECT 1
                            FROM jsonb_array_elements_text(jsonb_build_array() || (d.value -> 'Resource')) AS denied (arn)
                            WHERE denied.arn IN ('*', 'execute-api:/*', allowed.arn)
                                OR (right(denied.arn, 1) = '*'
                                    AND starts_with(rtrim(allowed.arn, '/*') || '/', rtrim(denied.arn, '/*') || '/'))
                        )
                    )
            )
        ORDER BY 1
    ) AS subjects
FROM rest_api
