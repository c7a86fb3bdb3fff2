"""GetExport: a stage's deployment as an OpenAPI 3.0.1 document with API Gateway's extensions.

Shape and spelling: API Gateway developer guide, "OpenAPI extensions for API Gateway" and the exported
definition under "Request validation for REST APIs". As on AWS the document is not the same twice: models of
responses lose their names for a random one (aws/aws-sdk issue 468), and paths come in any order.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

from simulated_aws.estate.definitions import Authorizer, Definition, Integration, Method
from simulated_aws.estate.rest_apis import RestApi, Stage, unescaped_policy

_JSON = "application/json"
_PLACES = {"querystring": "query", "path": "path", "header": "header"}
_PATH_PARAMETER = re.compile(r"{(\w+)\+?}")
_DEPLOYED_EXTENSIONS = {
    "apiKeySource": "x-amazon-apigateway-api-key-source",
    "binaryMediaTypes": "x-amazon-apigateway-binary-media-types",
    "minimumCompressionSize": "x-amazon-apigateway-minimum-compression-size",
}
_EXTENSIONS_AT_ONCE = {
    "securityPolicy": "x-amazon-apigateway-security-policy",
    "endpointAccessMode": "x-amazon-apigateway-endpoint-access-mode",
}
"""Settings of an API that need no deployment, and yet are exported."""


def document(api: RestApi, stage: Stage, region: str, dns_suffix: str, dice: random.Random) -> dict[str, Any]:
    """Return the export of a stage: its own deployment, whatever its canary serves."""
    deployment = api.deployments[stage.deployment_id]
    served = deployment.definition
    aliases = _aliases(served, dice)
    paths = list(served.paths.items())
    dice.shuffle(paths)
    info = {"title": served.name, "version": served.settings.get("version")}
    info["version"] = info["version"] or deployment.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    if description := served.settings.get("description"):
        info["description"] = description
    body: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": info,
        "servers": [_server(api, stage, served, region, dns_suffix)],
        "paths": {
            path: {_verb(verb): _operation(path, method, served, aliases) for verb, method in methods.items()}
            for path, methods in paths
        },
        "components": _components(served, aliases),
    }
    for setting, name in _DEPLOYED_EXTENSIONS.items():
        if served.settings.get(setting) is not None:
            body[name] = served.settings[setting]
    for setting, name in _EXTENSIONS_AT_ONCE.items():
        if api.settings.get(setting) is not None:
            body[name] = api.settings[setting]
    if served.settings.get("policy"):
        body["x-amazon-apigateway-policy"] = unescaped_policy(served.settings["policy"])
    if served.validators:
        body["x-amazon-apigateway-request-validators"] = {
            each.name: {
                "validateRequestParameters": each.validate_request_parameters,
                "validateRequestBody": each.validate_request_body,
            }
            for each in served.validators.values()
        }
    return body


def _aliases(served: Definition, dice: random.Random) -> dict[str, str]:
    """Return the names that models of responses get this time."""
    named = {each.response_model for methods in served.paths.values() for each in methods.values()}
    return {
        name: f"MODEL{dice.randrange(16**6):06x}"
        for name in sorted(each for each in named if each is not None)
    }


def _server(api: RestApi, stage: Stage, served: Definition, region: str, dns_suffix: str) -> dict[str, Any]:
    server: dict[str, Any] = {
        "url": f"https://{api.id}.execute-api.{region}.{dns_suffix}/{{basePath}}",
        "variables": {"basePath": {"default": stage.name}},
    }
    endpoint: dict[str, Any] = {}
    if api.vpc_endpoint_ids:
        endpoint["vpcEndpointIds"] = list(api.vpc_endpoint_ids)
    if served.settings.get("disableExecuteApiEndpoint"):
        endpoint["disableExecuteApiEndpoint"] = True
    if endpoint:
        server["x-amazon-apigateway-endpoint-configuration"] = endpoint
    return server


def _verb(verb: str) -> str:
    return "x-amazon-apigateway-any-method" if verb == "ANY" else verb.lower()


def _operation(path: str, method: Method, served: Definition, aliases: Mapping[str, str]) -> dict[str, Any]:
    operation: dict[str, Any] = {}
    if method.operation_name:
        operation["operationId"] = method.operation_name
    if parameters := _parameters(path, method):
        operation["parameters"] = parameters
    if method.request_models:
        content = {
            kind: {"schema": {"$ref": f"#/components/schemas/{model}"}}
            for kind, model in method.request_models.items()
        }
        operation["requestBody"] = {"content": content, "required": True}
    response: dict[str, Any] = {"description": "200 response", "content": {}}
    if method.response_model is not None:
        reference = f"#/components/schemas/{aliases[method.response_model]}"
        response["content"] = {_JSON: {"schema": {"$ref": reference}}}
    operation["responses"] = {"200": response}
    _add_security(operation, method, served)
    if method.request_validator_id is not None:
        name = served.validators[method.request_validator_id].name
        operation["x-amazon-apigateway-request-validator"] = name
    if method.integration is not None:
        operation["x-amazon-apigateway-integration"] = _integration(
            method.integration, served.resource_ids[path]
        )
    return operation


def _parameters(path: str, method: Method) -> list[dict[str, Any]]:
    wanted = dict(method.request_parameters)
    for name in _PATH_PARAMETER.findall(path):
        wanted[f"method.request.path.{name}"] = True
    made = []
    for key, required in wanted.items():
        _, _, place, name = key.split(".", 3)
        parameter: dict[str, Any] = {"name": name, "in": _PLACES[place]}
        if required:
            parameter["required"] = True
        made.append(parameter | {"schema": {"type": "string"}})
    return made


def _add_security(operation: dict[str, Any], method: Method, served: Definition) -> None:
    schemes: list[dict[str, list[str]]] = []
    kind = method.authorization_type
    if kind == "AWS_IAM" and not method.auth_extension:
        schemes.append({"sigv4": []})
    elif method.authorizer_id is not None:
        name = served.authorizers[method.authorizer_id].name
        schemes.append({name: list(method.authorization_scopes)})
    if method.api_key_required:
        schemes.append({"api_key": []})
    if schemes:
        operation["security"] = schemes
    if method.auth_extension:
        operation["x-amazon-apigateway-auth"] = {"type": kind}


def _integration(integration: Integration, namespace: str) -> dict[str, Any]:
    return integration.wire() | {
        "cacheNamespace": namespace,
        "cacheKeyParameters": list(integration.cache_key_parameters),
        "responses": {"default": {"statusCode": "200"}},
        "passthroughBehavior": integration.passthrough_behavior.lower(),
        "timeoutInMillis": integration.timeout_in_millis,
        "type": integration.type.lower(),
    }


def _components(served: Definition, aliases: Mapping[str, str]) -> dict[str, Any]:
    schemas = {each.name: dict(each.schema) for each in served.models.values()}
    for name, alias in aliases.items():
        schemas[alias] = schemas.pop(name, {"type": "object"})
    components: dict[str, Any] = {"schemas": schemas} if schemas else {}
    if schemes := _security_schemes(served):
        components["securitySchemes"] = schemes
    return components


def _security_schemes(served: Definition) -> dict[str, Any]:
    methods = [each for methods in served.paths.values() for each in methods.values()]
    schemes: dict[str, Any] = {}
    if any(each.api_key_required for each in methods):
        schemes["api_key"] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    if any(each.authorization_type == "AWS_IAM" and not each.auth_extension for each in methods):
        schemes["sigv4"] = {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "awsSigv4",
        }
    used = {each.authorizer_id for each in methods}
    schemes |= {each.name: _authorizer(each) for each in served.authorizers.values() if each.id in used}
    return schemes


def _authorizer(authorizer: Authorizer) -> dict[str, Any]:
    kind = authorizer.type.lower()
    extension: dict[str, Any] = {"type": kind}
    if authorizer.uri is not None:
        extension["authorizerUri"] = authorizer.uri
    if authorizer.provider_arns:
        extension["providerARNs"] = list(authorizer.provider_arns)
    if authorizer.type in {"TOKEN", "REQUEST"}:
        extension["authorizerResultTtlInSeconds"] = authorizer.ttl_in_seconds
    if authorizer.type != "TOKEN":
        extension["identitySource"] = authorizer.identity_source
    if authorizer.jwt_configuration is not None:
        extension["jwtConfiguration"] = dict(authorizer.jwt_configuration)
    header = authorizer.identity_source.rpartition(".")[2]
    return {
        "type": "apiKey",
        "name": header,
        "in": "header",
        "x-amazon-apigateway-authtype": "custom" if authorizer.type in {"TOKEN", "REQUEST"} else kind,
        "x-amazon-apigateway-authorizer": extension,
    }
