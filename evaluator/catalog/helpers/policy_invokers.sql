-- policy_invokers(document): each principal whom a resource policy lets invoke without a condition (*: everybody).
-- With its account, and the account that owns the API; null: not told, or told in two ways.
-- AWS takes one statement, action, resource, principal or value as well as a list: jsonb_build_array() || x is a list.
-- Whom a Deny to everybody, or to everybody unless a condition holds, takes out again is not let in by an Allow
-- alone; of everybody, those are left whom the Deny excepts (NotPrincipal). A Deny that names whom to keep out leaves
-- everybody else (one of whom something is true or told, but TLS, which is true of all), and so does a condition of
-- an Allow. One that everybody meets is none: any text, any address, TLS,
-- which API Gateway always asks.
-- AWS knows no pattern of accounts in an ARN; one that is written means everybody to whoever wrote it.
SELECT
    named.principal COLLATE "C" AS principal,
    CASE
        WHEN length(coalesce(nullif(split_part(named.principal, ':', 5), ''), named.principal)) = 12
            THEN coalesce(nullif(split_part(named.principal, ':', 5), ''), named.principal)
    END AS account,
    (
        SELECT
            CASE
                WHEN min(split_part(owned.arn, ':', 5)) = max(split_part(owned.arn, ':', 5))
                    THEN min(split_part(owned.arn, ':', 5))
            END
        FROM jsonb_array_elements(jsonb_build_array() || (:document -> 'Statement')) AS own (statement),
            jsonb_array_elements_text(jsonb_build_array() || (own.statement -> 'Resource')) AS owned (arn)
        WHERE owned.arn LIKE 'arn:%:execute-api:%' AND length(split_part(owned.arn, ':', 5)) = 12
    ) AS owner
FROM jsonb_array_elements(jsonb_build_array() || (:document -> 'Statement')) AS allow (statement)
CROSS JOIN LATERAL (
    SELECT
        coalesce(bool_or(deny.statement -> 'NotPrincipal' IS NULL), false) AS everybody,
        coalesce(bool_or(deny.statement -> 'NotPrincipal' IS NOT NULL), false) AS all_but_some
    FROM jsonb_array_elements(jsonb_build_array() || (:document -> 'Statement')) AS deny (statement)
    WHERE deny.statement ->> 'Effect' = 'Deny'
        AND (
            deny.statement -> 'NotPrincipal' IS NOT NULL
            OR (
                jsonb_build_array()
                || coalesce(deny.statement -> 'Principal' -> 'AWS', deny.statement -> 'Principal')
            ) @> jsonb_build_array('*')
        )
        AND (deny.statement -> 'Action' IS NOT NULL) = EXISTS (
            SELECT 1
            FROM jsonb_array_elements_text(
                jsonb_build_array() || coalesce(deny.statement -> 'Action', deny.statement -> 'NotAction')
            ) AS denied (action)
            WHERE 'execute-api:invoke' LIKE replace(replace(lower(denied.action), '*', '%'), '?', '_')
        )
        AND NOT EXISTS (
            SELECT 1
            FROM jsonb_each(
                    CASE
                        WHEN jsonb_typeof(deny.statement -> 'Condition') = 'object' THEN deny.statement -> 'Condition'
                    END
                ) AS o (operator, tests),
                jsonb_each(CASE WHEN jsonb_typeof(o.tests) = 'object' THEN o.tests END) AS t (key, wanted)
            WHERE (
                    lower(o.operator) NOT LIKE '%not%'
                    AND lower(o.operator) NOT LIKE '%bool%'
                    AND lower(o.operator) <> 'null'
                )
                OR (lower(o.operator) LIKE '%bool%'
                    AND (lower(t.key) = 'aws:securetransport') = (lower(CAST(t.wanted AS text)) LIKE '%false%'))
                OR (lower(o.operator) = 'null' AND lower(CAST(t.wanted AS text)) LIKE '%false%')
                OR (lower(o.operator) LIKE 'notip%'
                    AND (jsonb_build_array() || t.wanted) @> jsonb_build_array('0.0.0.0/0'))
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
) AS taken
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN allow.statement -> 'NotPrincipal' IS NOT NULL THEN jsonb_build_array('*')
        ELSE jsonb_build_array() || coalesce(allow.statement -> 'Principal' -> 'AWS', allow.statement -> 'Principal')
    END AS principals
) AS let
CROSS JOIN LATERAL (
    SELECT CASE WHEN split_part(p.principal, ':', 5) = '*' THEN '*' ELSE p.principal END AS principal
    FROM jsonb_array_elements_text(let.principals) AS p (principal)
    WHERE NOT (taken.all_but_some AND p.principal = '*')
    UNION ALL
    SELECT e.principal
    FROM jsonb_array_elements(jsonb_build_array() || (:document -> 'Statement')) AS d (statement),
        jsonb_array_elements_text(
            jsonb_build_array() || coalesce(d.statement -> 'NotPrincipal' -> 'AWS', d.statement -> 'NotPrincipal')
        ) AS e (principal)
    WHERE taken.all_but_some AND let.principals @> jsonb_build_array('*') AND d.statement ->> 'Effect' = 'Deny'
) AS named
WHERE allow.statement ->> 'Effect' = 'Allow'
    AND NOT taken.everybody
    AND NOT EXISTS (
        SELECT 1
        FROM jsonb_each(
                CASE
                    WHEN jsonb_typeof(allow.statement -> 'Condition') = 'object' THEN allow.statement -> 'Condition'
                END
            ) AS o (operator, tests),
            jsonb_each(CASE WHEN jsonb_typeof(o.tests) = 'object' THEN o.tests END) AS t (key, wanted)
        WHERE NOT (lower(t.key) = 'aws:securetransport' AND lower(CAST(t.wanted AS text)) LIKE '%true%')
            AND lower(o.operator) NOT LIKE '%not%'
            AND NOT (lower(o.operator) LIKE '%like%'
                AND (jsonb_build_array() || t.wanted) @> jsonb_build_array('*'))
            AND NOT (lower(o.operator) LIKE 'ipaddress%'
                AND (jsonb_build_array() || t.wanted) @> jsonb_build_array('0.0.0.0/0'))
    )
    AND (allow.statement -> 'Action' IS NOT NULL) = EXISTS (
        SELECT 1
        FROM jsonb_array_elements_text(
            jsonb_build_array() || coalesce(allow.statement -> 'Action', allow.statement -> 'NotAction')
        ) AS allowed (action)
        WHERE 'execute-api:invoke' LIKE replace(replace(lower(allowed.action), '*', '%'), '?', '_')
    )
