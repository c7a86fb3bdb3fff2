"""HTTP and WebSocket APIs as API Gateway V2 answers them, made items of the CMDB: pure functions.

Each takes what botocore parsed and raises ``ReadFailure`` (malformed) when a field that is used is not what the
API reference promises. What may hold secrets is reduced: values of stage variables to keyed hashes, integrations to
what they call and how. Everything else is kept as AWS sent it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from cmdb.snapshot import Item
from collectors import values
from collectors.errors import malformed
from collectors.normalise import certificate_named, secret_names
from collectors.values import Hasher

#: Of an integration: what maps or holds values, which may be secret.
_UNKEPT = frozenset({"CredentialsArn", "RequestParameters", "RequestTemplates", "ResponseParameters"})
_VARIABLE = r"\$\{[^}]*\}"
_URL = re.compile(rf"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*|{_VARIABLE})://(?P<authority>[^/?#]*)")


def api(record: Any, hasher: Hasher) -> Item:
    """Return an HTTP or WebSocket API of GetApis."""
    operation = "GetApis"
    fields = values.structure(operation, record, "an API")
    for name in ("Name", "ProtocolType"):
        values.optional_text(operation, fields, name)
    return Item(values.key_text(operation, fields, "ApiId"), _payload(operation, fields, hasher))


def stage(api_id: str, record: Any, hasher: Hasher, operation: str = "GetStages") -> Item:
    """Return a stage of GetStages or GetStage; of its variables only names and keyed hashes remain."""
    fields = values.structure(operation, record, "a stage")
    payload = _payload(operation, fields, hasher)
    if fields.get("StageVariables") is not None:
        payload["StageVariables"] = hasher.hide_all(operation, fields["StageVariables"])
    values.optional_key(operation, fields, "DeploymentId")
    return Item(
        values.key_text(operation, fields, "StageName"),
        payload,
        api_id,
        {
            "client_certificate_id": certificate_named(
                values.optional_key(operation, fields, "ClientCertificateId")
            ),
            "secret_variables": secret_names([fields.get("StageVariables")]),
        },
    )


def routes(api_id: str, records: Sequence[Any]) -> Item:
    """Return all routes of an API, as GetRoutes lists them, as one item."""
    return _parts(api_id, "GetRoutes", "Routes", "RouteKey", records, _route)


def integrations(api_id: str, records: Sequence[Any]) -> Item:
    """Return all integrations of an API, as GetIntegrations lists them, as one item, without what may be secret."""
    return _parts(api_id, "GetIntegrations", "Integrations", "IntegrationId", records, _integration)


def _parts(
    api_id: str,
    operation: str,
    name: str,
    key: str,
    records: Sequence[Any],
    reduced: Callable[[str, dict[str, Any]], dict[str, Any]],
) -> Item:
    """Return what belongs to an API as one item, sorted: AWS promises no order, and a new order is no change."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        fields = values.structure(operation, record, f"one of the {name.lower()}")
        part = reduced(operation, fields)
        if found.setdefault(values.key_text(operation, fields, key), part) != part:
            raise malformed(operation, f"it lists one {key} twice with different content")
    return Item("", {name: [found[each] for each in sorted(found)]}, api_id)


def _route(operation: str, fields: dict[str, Any]) -> dict[str, Any]:
    values.optional_text(operation, fields, "AuthorizationType")
    return _cleaned(operation, fields)


def _integration(operation: str, fields: dict[str, Any]) -> dict[str, Any]:
    for name in ("IntegrationType", "ConnectionType"):
        values.optional_text(operation, fields, name)
    if fields.get("TlsConfig") is not None:
        values.structure(operation, fields["TlsConfig"], "a TLS configuration")
    kept = _cleaned(operation, {name: value for name, value in fields.items() if name not in _UNKEPT})
    uri = values.optional_text(operation, fields, "IntegrationUri")
    if uri is not None:
        kept["IntegrationUri"] = _place(uri)
    return kept


def _place(uri: str) -> str:
    """Return an ARN without its query, scheme and host of a URL, or the stage variable that stands for them."""
    if uri.startswith("arn:"):
        return uri.partition("?")[0]
    match = _URL.match(uri)
    if match is None:
        variable = re.match(_VARIABLE, uri)
        return "" if variable is None else variable[0]
    return f"{match['scheme']}://{match['authority'].rpartition('@')[2]}"


def _payload(operation: str, fields: dict[str, Any], hasher: Hasher) -> dict[str, Any]:
    """Return all fields fit for storage, but for those that may hold secrets."""
    payload = _cleaned(
        operation, {name: value for name, value in fields.items() if name not in {"Tags", "StageVariables"}}
    )
    if fields.get("Tags") is not None:
        payload["Tags"] = hasher.clean_tags(operation, fields["Tags"])
    return payload


def _cleaned(operation: str, fields: dict[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = values.clean(
        operation, {name: value for name, value in fields.items() if name != "ResponseMetadata"}
    )
    return cleaned
