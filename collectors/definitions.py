"""What a deployment or a draft consists of, from an exported OpenAPI document or a list of resources: pure functions.

It is a list of methods, sorted by path and verb and reduced to what verdicts rest on, so that two exports of one
deployment, which are never the same bytes, give the same. Headers, templates, queries, credentials and bodies
are not in it: they can hold secrets. Where the words come from: API Gateway developer guide, "OpenAPI
extensions for API Gateway" and "Working with integrations".

Whatever the JSON, the result is a definition or ``ReadFailure`` (malformed): something that is not understood
and could hide an integration is never passed over.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from cmdb.snapshot import Item
from collectors import values
from collectors.errors import malformed

EXPORT = "EXPORT"
"""Where a definition was read: in an export."""

#: Integration types that call an HTTP backend, which can ask for a client certificate.
HTTP_TYPES = frozenset({"HTTP", "HTTP_PROXY"})
_TYPES = HTTP_TYPES | {"AWS", "AWS_PROXY", "MOCK"}

Method = dict[str, Any]
"""A method by its declared parts (``cmdb.items.deployment``); what AWS did not say is left out."""

_EXPORT = "GetExport"
_RESOURCES = "GetResources"
_VERBS = {
    **{verb: verb.upper() for verb in ("get", "put", "post", "delete", "patch", "head", "options")},
    "x-amazon-apigateway-any-method": "ANY",
}
#: What a path has beside its operations (OpenAPI 3.0.1, Path Item Object); extensions begin with x-.
_BESIDE = frozenset({"summary", "description", "servers", "parameters"})
_INTEGRATION = "x-amazon-apigateway-integration"
_AUTH = "x-amazon-apigateway-auth"
_AUTH_TYPE = "x-amazon-apigateway-authtype"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_VALIDATOR = "x-amazon-apigateway-request-validator"
_VALIDATORS = "x-amazon-apigateway-request-validators"
#: How security schemes and authorizers of an export name the authorization types of methods.
_AUTHORIZATIONS = {
    "NONE": "NONE",
    "AWS_IAM": "AWS_IAM",
    "AWSSIGV4": "AWS_IAM",
    "CUSTOM": "CUSTOM",
    "TOKEN": "CUSTOM",
    "REQUEST": "CUSTOM",
    "COGNITO_USER_POOLS": "COGNITO_USER_POOLS",
    "JWT": "JWT",
}
_LONGEST = 2048
_VARIABLE = re.compile(r"\$\{stageVariables\.[^{}/?#@]*\}")
_URI = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*|\$\{stageVariables\.[^{}/?#@]*\})://(?P<authority>[^/?#\\]*)"
)
_PORT = re.compile(r":[0-9]*$")


def deployment(rest_api_id: str, deployment_id: str, methods: list[Method], source: str) -> Item:
    """Return a deployment with its definition."""
    types = tuple(sorted({method["integration_type"] for method in methods if "integration_type" in method}))
    derived = {"types": types, "has_http": not HTTP_TYPES.isdisjoint(types), "source": source}
    return Item(deployment_id, {"methods": methods}, rest_api_id, derived)


def draft(rest_api_id: str, methods: list[Method]) -> Item:
    """Return the draft of a REST API."""
    digest = hashlib.sha256(orjson.dumps(methods, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
    return Item("", {"methods": methods}, rest_api_id, {"methods_digest": digest})


def of_resources(records: Iterable[Any]) -> list[Method]:
    """Return the methods of a draft's resources, as GetResources lists them with their methods."""
    found = []
    for record in records:
        resource = _object(_RESOURCES, record, "a resource")
        path = resource.get("path")
        if not isinstance(path, str):
            raise malformed(_RESOURCES, "a resource has no path")
        for verb, listed in _mapping(
            _RESOURCES, resource.get("resourceMethods"), "the list of methods"
        ).items():
            method = _object(_RESOURCES, listed, "a method")
            required = _mapping(_RESOURCES, method.get("requestParameters"), "request parameters")
            found.append(
                _method(
                    _RESOURCES,
                    path,
                    verb.upper(),
                    **_integration(_RESOURCES, method.get("methodIntegration")),
                    authorization=_known(method.get("authorizationType")),
                    api_key_required=_flag(method.get("apiKeyRequired")),
                    has_required_parameters=any(
                        is_required is True and not name.startswith("method.request.path.")
                        for name, is_required in required.items()
                    ),
                    has_body_model=bool(_mapping(_RESOURCES, method.get("requestModels"), "request models")),
                )
            )
    return _sorted(_RESOURCES, found)


def of_export(document: Any) -> list[Method]:
    """Return the methods of an exported OpenAPI 3.0 document with API Gateway's extensions.

    Each of them has an integration: API Gateway deploys no method without one.
    """
    root = _object(_EXPORT, document, "the document")
    if not str(root.get("openapi")).startswith("3.0"):
        raise malformed(_EXPORT, "it is no document of OpenAPI 3.0")
    schemes = _mapping(
        _EXPORT,
        _mapping(_EXPORT, root.get("components"), "components").get("securitySchemes"),
        "securitySchemes",
    )
    validators = _mapping(_EXPORT, root.get(_VALIDATORS), "request validators")
    found = []
    for path, item in _object(_EXPORT, root.get("paths"), "the list of paths").items():
        fields = _object(_EXPORT, item, "a path")
        for name, operation in fields.items():
            verb = _VERBS.get(name.lower())
            if verb is None:
                if name not in _BESIDE and not name.startswith("x-"):
                    raise malformed(_EXPORT, "a path holds something that is no method of API Gateway")
                continue
            body = _object(_EXPORT, operation, "a method")
            if body.get(_INTEGRATION) is None:
                raise malformed(_EXPORT, "a method has no integration")
            found.append(
                _method(
                    _EXPORT,
                    path,
                    verb,
                    **_integration(_EXPORT, body.get(_INTEGRATION)),
                    **_access(body, root, schemes),
                    **_validation(body, root, validators),
                    has_required_parameters=any(
                        _required([fields.get("parameters"), body.get("parameters")])
                    ),
                    has_body_model=bool(
                        _mapping(
                            _EXPORT,
                            _mapping(_EXPORT, body.get("requestBody"), "a body").get("content"),
                            "a body",
                        )
                    ),
                )
            )
    return _sorted(_EXPORT, found)


def _sorted(operation: str, methods: list[Method]) -> list[Method]:
    keys = {(method["path"], method["verb"]) for method in methods}
    if len(keys) != len(methods):
        raise malformed(operation, "it has a method twice")
    return sorted(methods, key=lambda method: (method["path"], method["verb"]))


def _method(operation: str, path: str, verb: str, **parts: Any) -> Method:
    clean: Method = values.clean(operation, {"path": path[:_LONGEST], "verb": verb[:_LONGEST]})
    return clean | {name: value for name, value in parts.items() if value is not None}


def _integration(operation: str, record: Any) -> Method:
    if record is None:
        return {}
    fields = _object(operation, record, "an integration")
    kind = _text(operation, fields.get("type"), "an integration type")
    if not kind:
        raise malformed(operation, "an integration has no type")
    if kind.upper() not in _TYPES:
        raise malformed(operation, "an integration has a type that this version does not know")
    made: Method = {
        "integration_type": kind.upper(),
        "connection_type": _text(operation, fields.get("connectionType"), "a connection type"),
        **_place(_text(operation, fields.get("uri"), "a URI")),
    }
    tls = fields.get("tlsConfig")
    if tls is not None:
        skips = _object(operation, tls, "a TLS configuration").get("insecureSkipVerification")
        made["insecure_skip_verification"] = _flag(skips)
    return made


def _place(uri: str | None) -> Method:
    """Return scheme and host of a URI.

    Stage variables stay as ``${stageVariables.x}``; what they, or values of the request, stand in is not fixed.
    """
    if not uri:
        return {}
    if uri.startswith("arn:"):
        return {"uri_scheme": "arn", "uri_is_fixed": "${" not in uri}
    match = _URI.match(uri)
    if match is None:
        variable = _VARIABLE.match(uri)
        return {"uri_host": None if variable is None else variable[0][:_LONGEST], "uri_is_fixed": False}
    scheme = match["scheme"]
    host = _PORT.sub("", match["authority"].rpartition("@")[2])
    host = host if "{" in host else host.lower()
    return {
        "uri_scheme": None if "{" in scheme else scheme.lower(),
        "uri_host": host[:_LONGEST] or None,
        "uri_is_fixed": "{" not in scheme + host,
    }


def _access(body: Mapping[str, Any], root: Mapping[str, Any], schemes: Mapping[str, Any]) -> Method:
    """Return who may call a method; an authorization that the export does not name is left out."""
    asked = body.get("security", root.get("security"))
    kinds: set[str | None] = set()
    needs_key = False
    for requirement in [] if asked is None else values.sequence(_EXPORT, asked, "security"):
        for name in _object(_EXPORT, requirement, "a security requirement"):
            scheme = _mapping(_EXPORT, schemes.get(name), "a security scheme")
            kind = _authorization(scheme)
            if kind is None and scheme.get("type") == "apiKey" and _AUTH_TYPE not in scheme:
                needs_key = True
            else:
                kinds.add(kind)
    said = _mapping(_EXPORT, body.get(_AUTH), "an authorization")
    if said:
        kinds.add(_known(said.get("type")))
    named = kinds.pop() if len(kinds) == 1 else None if kinds else "NONE"
    return {"authorization": named, "api_key_required": needs_key}


def _authorization(scheme: Mapping[str, Any]) -> str | None:
    authorizer = _mapping(_EXPORT, scheme.get(_AUTHORIZER), "an authorizer")
    return _known(scheme.get(_AUTH_TYPE)) or _known(authorizer.get("type"))


def _known(kind: Any) -> str | None:
    return _AUTHORIZATIONS.get(kind.upper()) if isinstance(kind, str) else None


def _validation(body: Mapping[str, Any], root: Mapping[str, Any], validators: Mapping[str, Any]) -> Method:
    name = body.get(_VALIDATOR, root.get(_VALIDATOR))
    if name is None:
        return {"validates_body": False, "validates_parameters": False}
    validator = _mapping(
        _EXPORT, validators.get(name) if isinstance(name, str) else None, "a request validator"
    )
    return {
        "validates_body": _flag(validator.get("validateRequestBody")),
        "validates_parameters": _flag(validator.get("validateRequestParameters")),
    }


def _required(lists: Iterable[Any]) -> Iterator[bool]:
    """Yield for each parameter whether a request has to have it; those of the path it always has."""
    for listed in lists:
        for parameter in [] if listed is None else values.sequence(_EXPORT, listed, "a list of parameters"):
            fields = _object(_EXPORT, parameter, "a parameter")
            yield fields.get("required") is True and fields.get("in") != "path"


def _mapping(operation: str, value: Any, what: str) -> dict[str, Any]:
    return {} if value is None else _object(operation, value, what)


def _object(operation: str, value: Any, what: str) -> dict[str, Any]:
    """Return an object that says itself what it is: API Gateway refers to nothing but the schemas of models."""
    found = values.structure(operation, value, what)
    if "$ref" in found:
        raise malformed(operation, f"{what} is a reference")
    return found


def _text(operation: str, value: Any, what: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise malformed(operation, f"{what} is not text")
    return str(values.clean(operation, value))


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
