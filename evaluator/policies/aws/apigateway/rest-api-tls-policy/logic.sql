-- Is the TLS security policy of the API among those allowed? The first branch that holds decides.
SELECT
    CASE
        WHEN rest_api.security_policy IS NULL OR btrim(rest_api.security_policy) = '' THEN 'policy_unknown'
        WHEN NOT rest_api.security_policy = ANY(string_to_array(replace(:allowed, ' ', ''), ','))
            THEN 'policy_not_allowed'
        WHEN :strict AND rest_api.endpoint_access_mode IS DISTINCT FROM 'STRICT' THEN 'mode_not_strict'
        WHEN rest_api.security_policy IS NOT NULL THEN 'policy_allowed'
    END AS condition,
    ARRAY[rest_api.security_policy] AS subjects
FROM rest_api
