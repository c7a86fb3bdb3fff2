-- Fill a policy's message: placeholders become what they name; free texts last, so that they are not read again.
CREATE FUNCTION report.filled_in(
    template text, account_id text, region text, api_id text, api_name text, stage_name text,
    client_certificate_id text, name text, subjects text
)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN replace(replace(replace(replace(replace(replace(replace(replace(replace(template,
    '{account_id}', account_id), '{region}', region), '{api_id}', coalesce(api_id, '')), '{rest_api_id}', coalesce(api_id, '')),
    '{stage_name}', coalesce(stage_name, '')), '{client_certificate_id}', coalesce(client_certificate_id, '')),
    '{subjects}', coalesce(subjects, '')), '{rest_api_name}', coalesce(api_name, api_id, '')),
    '{name}', coalesce(name, ''));
COMMENT ON FUNCTION report.filled_in(text, text, text, text, text, text, text, text, text)
    IS 'A policy''s message with its placeholders filled in.';
