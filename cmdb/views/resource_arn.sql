-- ARN of a stage: API Gateway's ARNs carry no account id.
CREATE FUNCTION report.resource_arn(partition text, region text, rest_api_id text, stage_name text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'arn:' || partition || ':apigateway:' || region || '::/restapis/' || rest_api_id || '/stages/' || stage_name;
COMMENT ON FUNCTION report.resource_arn(text, text, text, text) IS 'ARN of a REST API stage.';
