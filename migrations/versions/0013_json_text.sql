-- JSON that AWS sends as text, in the evaluation of whatever night: null where the text is none, instead of an error that would fail every other item.
-- Not parallel safe: it opens subtransactions.
CREATE FUNCTION cmdb.json_of_text(document text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE
AS $function$
BEGIN
    BEGIN
        RETURN document::pg_catalog.jsonb;
    EXCEPTION WHEN OTHERS THEN
        NULL;
    END;
    -- GetRestApis escapes quotation marks and slashes, as within a JSON string.
    RETURN (('"' || document || '"')::pg_catalog.jsonb #>> '{}')::pg_catalog.jsonb;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION cmdb.json_of_text(text) IS 'JSON that text holds, its quotation marks escaped once more or not. Null: it holds none.';
