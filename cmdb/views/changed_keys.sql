-- Names of the top-level keys whose values differ between two payloads, but those given and those that change by themselves.
CREATE FUNCTION report.changed_keys(before jsonb, after jsonb, known text[])
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg(key ORDER BY key), '{}')
    FROM jsonb_each(before) AS b (key, old)
    FULL JOIN jsonb_each(after) AS a (key, new) USING (key)
    WHERE b.old IS DISTINCT FROM a.new
      AND key <> ALL (known || '{lastUpdatedDate,cacheClusterStatus,apiStatus,apiStatusMessage}'::text[])
);
COMMENT ON FUNCTION report.changed_keys(jsonb, jsonb, text[])
    IS 'Sorted names of the top-level keys that differ between two payloads; left out: those given, lastUpdatedDate, and what changes by itself.';
