-- What became of a stage's canary from one version of the stage to the next: it came, went, was promoted or serves another deployment.
CREATE FUNCTION report.canary_changes(
    before_own_id text, before_canary_id text, own_id text, own jsonb, canary_id text, canary jsonb
)
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN before_canary_id = own_id AND before_own_id IS DISTINCT FROM own_id
        THEN ARRAY['canary promoted: deployment ' || own_id]
            || CASE WHEN canary_id <> own_id
                    THEN report.canary_differences(own, canary)
                        || ('canary deployment ' || before_canary_id || ' -> ' || canary_id) END
    WHEN canary_id IS NULL AND before_canary_id IS NOT NULL
        THEN ARRAY['canary deployment ' || before_canary_id || ' -> none']
    WHEN canary_id IS DISTINCT FROM before_canary_id
        THEN report.canary_differences(own, canary)
            || ('canary deployment ' || coalesce(before_canary_id, 'none') || ' -> ' || canary_id)
END;
COMMENT ON FUNCTION report.canary_changes(text, text, text, jsonb, text, jsonb)
    IS 'Deployments of a stage and its canary before; those after, with their methods (null: not known). Whether the canary was promoted, and from which deployment to which it went, after what that differs in. Null: it is as before.';
