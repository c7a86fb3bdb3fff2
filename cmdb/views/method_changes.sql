-- What differs, method by method, between two lists of methods of deployments, each difference in words.
CREATE FUNCTION report.method_changes(before jsonb, after jsonb)
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg(verb || ' ' || path || ': ' || CASE
        WHEN old IS NULL THEN 'added' || coalesce(', ' || (new ->> 'integration_type'), '')
        WHEN new IS NULL THEN 'removed' || coalesce(', ' || (old ->> 'integration_type'), '')
        ELSE (
            SELECT coalesce(string_agg(
                part.words || coalesce(old ->> part.name, part.missing) || ' -> '
                    || coalesce(new ->> part.name, part.missing), ', ' ORDER BY part.place), 'differs')
            FROM (VALUES
                (1, 'integration_type', '', 'no integration', false),
                (2, 'connection_type', 'connection ', 'not given', true),
                (3, 'uri_scheme', 'URI scheme ', 'not fixed', true),
                (4, 'uri_host', 'host ', 'not given', true),
                (5, 'uri_is_fixed', 'scheme and host are fixed ', 'not given', true),
                (6, 'insecure_skip_verification', 'TLS verification is skipped ', 'not given', true),
                (7, 'authorization', 'authorization ', 'not known', false),
                (8, 'api_key_required', 'API key required ', 'not known', false),
                (9, 'validates_body', 'body validated ', 'not known', false),
                (10, 'validates_parameters', 'parameters validated ', 'not known', false),
                (11, 'has_body_model', 'body model ', 'not known', false),
                (12, 'has_required_parameters', 'required parameters ', 'not known', false)
            ) AS part (place, name, words, missing, is_of_backend)
            WHERE old ->> part.name IS DISTINCT FROM new ->> part.name
              -- Another kind of integration has another kind of backend: that need not be said twice.
              AND (NOT part.is_of_backend
                   OR split_part(old ->> 'integration_type', '_', 1)
                       IS NOT DISTINCT FROM split_part(new ->> 'integration_type', '_', 1))
        ) END ORDER BY path COLLATE "C", verb COLLATE "C"), '{}')
    FROM (SELECT m ->> 'path' AS path, m ->> 'verb' AS verb, m AS old FROM jsonb_array_elements(before) AS m) AS b
    FULL JOIN (SELECT m ->> 'path' AS path, m ->> 'verb' AS verb, m AS new FROM jsonb_array_elements(after) AS m) AS a
        USING (path, verb)
    WHERE old IS DISTINCT FROM new
);
COMMENT ON FUNCTION report.method_changes(jsonb, jsonb)
    IS 'Methods that differ between two lists as deployments have them, by path and verb, each with what differs: GET /orders: HTTP -> AWS_PROXY.';
