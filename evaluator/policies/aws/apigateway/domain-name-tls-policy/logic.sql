-- Is the TLS security policy of the domain name among those allowed? The first branch that holds decides.
-- AWS has no policy newer than TLS_1_2 for a domain name with mutual TLS: nobody could correct that.
SELECT
    CASE
        WHEN domain_name.security_policy IS NULL OR btrim(domain_name.security_policy) = '' THEN 'policy_unknown'
        WHEN domain_name.security_policy = ANY(string_to_array(replace(:allowed, ' ', ''), ',')) THEN 'policy_allowed'
        WHEN domain_name.security_policy = 'TLS_1_2' AND btrim(domain_name.truststore_uri) <> '' THEN 'mutual_tls'
        WHEN domain_name.security_policy IS NOT NULL THEN 'policy_not_allowed'
    END AS condition,
    ARRAY[domain_name.security_policy] AS subjects
FROM domain_name
