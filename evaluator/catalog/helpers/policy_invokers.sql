-- policy_invokers(document): each principal whom a resource policy lets invoke without a condition (*: everybody).
-- With its account, and the account that owns the API; null: not told.
-- AWS takes one statement, action, resource or principal as well as a list: jsonb_build_array() || x is a list.
-- Whom a Deny to everybody, under a condition or not, takes out again is not let in by an Allow alone.
SELECT
    named.principal AS principal,
    CASE
        WHEN length(coalesce(nullif(split_part(named.principal, ':', 5), ''), named.principal)) = 12
            THEN coalesce(nullif(split_part(named.principal, ':', 5), ''), named.principal)
    END AS account,
    (
        SELECT min(split_part(owned.arn, ':', 5))
        FROM jsonb_array_elements(jsonb_build_array() || (:document -> 'Statement')) AS own (statement),
            jsonb_array_elements_text(jsonb_build_array() || (own.statement -> 'Resource')) AS owned (arn)
        WHERE owned.arn LIKE 'arn:%:execute-api:%' AND length(split_part(owned.arn, ':', 5)) = 12
    ) AS owner
FROM jsonb_array_elements(jsonb_build_array() || (:document -> 'Statement')) AS allow (statement),
    jsonb_array_elements_text(
        CASE
            WHEN allow.statement -> 'NotPrincipal' IS NOT NULL THEN jsonb_build_array('*')
            ELSE jsonb_build_array()
                || coalesce(allow.statement -> 'Principal' -> 'AWS', allow.statement -> 'Principal')
        END
    ) AS named (principal)
WHERE allow.statement ->> 'Effect' = 'Allow'
    AND NOT EXISTS (
        SELECT 1
        FROM jsonb_object_keys(
            CASE
                WHEN jsonb_typeof(allow.statement -> 'Condition') = 'object' THEN allow.statement -> 'Condition'
            END
        ) AS asked (operator)
    )
    AND (allow.statement -> 'Action' IS NOT NULL) = EXISTS (
        SELECT 1
        FROM jsonb_array_elements_text(
            jsonb_build_array() || coalesce(allow.statement -> 'Action', allow.statement -> 'NotAction')
        ) AS allowed (action)
        WHERE 'execute-api:invoke' LIKE replace(replace(lower(allowed.action), '*', '%'), '?', '_')
    )
    AND NOT EXISTS (
        SELECT 1
        FROM jsonb_array_elements(jsonb_build_array() || (:document -> 'Statement')) AS deny (statement)
        WHERE deny.statement ->> 'Effect' = 'Deny'
            AND '*' IN (deny.statement ->> 'Principal', btrim(deny.statement -> 'Principal' ->> 'AWS', '[" ]'))
            AND (deny.statement -> 'Action' IS NOT NULL) = EXISTS (
                SELECT 1
                FROM jsonb_array_elements_text(
                    jsonb_build_array() || coalesce(deny.statement -> 'Action', deny.statement -> 'NotAction')
                ) AS denied (action)
                WHERE 'execute-api:invoke' LIKE replace(replace(lower(denied.action), '*', '%'), '?', '_')
            )
            AND NOT EXISTS (
                SELECT 1
                FROM jsonb_array_elements_text(jsonb_build_array() || (allow.statement -> 'Resource')) AS reach (arn)
                WHERE NOT EXISTS (
                    SELECT 1
                    FROM jsonb_array_elements_text(jsonb_build_array() || (deny.statement -> 'Resource')) AS shut (arn)
                    WHERE shut.arn IN ('*', 'execute-api:/*', reach.arn)
                        OR (right(shut.arn, 1) = '*'
                            AND starts_with(rtrim(reach.arn, '/*') || '/', rtrim(shut.arn, '/*') || '/'))
                )
            )
    )
