-- Does the resource policy let everybody or other accounts invoke the API without a condition?
SELECT
    CASE
        WHEN rest_api.policy IS NULL OR btrim(rest_api.policy) = '' THEN 'policy_missing'
        WHEN jsonb_typeof(rest_api.policy_document) IS DISTINCT FROM 'object' THEN 'policy_unreadable'
        WHEN cardinality(let_in.principals) > 0 THEN 'open_policy'
        -- Nothing says whose the API is: an account that is named may be its own.
        WHEN let_in.is_unknown THEN 'owner_unknown'
        WHEN rest_api.policy_document IS NOT NULL THEN 'restricted_policy'
    END AS condition,
    let_in.principals AS subjects
FROM rest_api
LEFT JOIN LATERAL (
    SELECT
        coalesce(
            array_agg(DISTINCT invoker.principal ORDER BY invoker.principal)
                FILTER (WHERE invoker.principal = '*' OR invoker.account <> invoker.owner),
            CAST(ARRAY[] AS text[])
        ) AS principals,
        bool_or(invoker.account IS NOT NULL AND invoker.owner IS NULL) AS is_unknown
    FROM policy_invokers(rest_api.policy_document) AS invoker
    WHERE (invoker.account = ANY(string_to_array(replace(:trusted_accounts, ' ', ''), ','))) IS NOT TRUE
) AS let_in ON true
