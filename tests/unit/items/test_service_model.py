"""Declarations against botocore's service model: no field of AWS is left out, and none has another type."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StructureShape

from cmdb.items import Field, Kind, item_type

#: What policies may read of AWS: item type, service, and the shape that its payload is.
SHAPES = [
    ("rest_api", "apigateway", "RestApi"),
    ("stage", "apigateway", "Stage"),
    ("certificate", "apigateway", "ClientCertificate"),
    ("api", "apigatewayv2", "Api"),
    ("api_stage", "apigatewayv2", "Stage"),
    ("domain_name", "apigateway", "DomainName"),
    ("usage_plan", "apigateway", "UsagePlan"),
    ("account_settings", "apigateway", "Account"),
]
#: What the reader makes of an answer and puts under a name that AWS does not use.
_OURS = {("variablesThatLookSecret",), ("settings",)}
_KINDS = {
    "string": {Kind.TEXT},
    "boolean": {Kind.BOOLEAN},
    "integer": {Kind.INTEGER},
    "long": {Kind.BIGINT},
    "double": {Kind.NUMERIC},
    "timestamp": {Kind.TIME},
    "map": {Kind.JSON},
    "structure": {Kind.JSON},
}


def shape_of(service: str, name: str) -> StructureShape:
    shape = botocore.session.get_session().get_service_model(service).shape_for(name)
    assert isinstance(shape, StructureShape)
    return shape


def members(shape: StructureShape, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Shape]]:
    """Yield the path and shape of every member, structures before what is in them."""
    for name, member in shape.members.items():
        yield (*before, name), member
        if isinstance(member, StructureShape):
            yield from members(member, (*before, name))


def kinds_of(shape: Shape) -> set[Kind]:
    if isinstance(shape, ListShape):
        return {Kind.TEXTS} if shape.member.type_name == "string" else {Kind.JSON}
    return _KINDS[shape.type_name]


def declared(name: str) -> dict[tuple[str, ...], list[Field]]:
    found: dict[tuple[str, ...], list[Field]] = {}
    for field in item_type(name).all_fields:
        found.setdefault(field.keys, []).append(field)
    return found


@pytest.mark.parametrize(("item", "service", "shape"), SHAPES)
def test_every_field_that_aws_lists_is_declared(item: str, service: str, shape: str) -> None:
    fields = declared(item)
    objects = {keys for keys, held in fields.items() for field in held if field.kind is Kind.JSON}
    missing = [
        ".".join(path)
        for path, member in members(shape_of(service, shape))
        if path not in fields
        and not any(path[:length] in objects for length in range(1, len(path)))
        # A structure is declared by the fields in it.
        and not isinstance(member, StructureShape)
    ]
    assert missing == []


@pytest.mark.parametrize(("item", "service", "shape"), SHAPES)
def test_a_declared_field_has_the_type_that_aws_gives_it(item: str, service: str, shape: str) -> None:
    fields = declared(item)
    compared = 0
    for path, member in members(shape_of(service, shape)):
        for field in fields.get(path, ()):
            if not field.derived:
                kind = Kind.TEXT if field.encoded else field.kind
                assert kind in kinds_of(member), field.name
                compared += 1
    assert compared >= 3


@pytest.mark.parametrize(
    ("item", "shapes"),
    [
        ("rest_api", [("apigateway", "RestApi")]),
        ("stage", [("apigateway", "Stage")]),
        ("api", [("apigatewayv2", "Api")]),
        ("api_stage", [("apigatewayv2", "Stage")]),
        ("certificate", [("apigateway", "ClientCertificate"), ("acm", "CertificateDetail")]),
        ("domain_name", [("apigateway", "DomainName")]),
        ("usage_plan", [("apigateway", "UsagePlan")]),
        ("account_settings", [("apigateway", "Account")]),
    ],
)
def test_no_field_is_declared_that_aws_does_not_list(item: str, shapes: list[tuple[str, str]]) -> None:
    listed = {path for service, shape in shapes for path, _ in members(shape_of(service, shape))}
    assert {
        ".".join(keys)
        for keys, fields in declared(item).items()
        if keys not in {*listed, *_OURS}
        and any(not field.derived or field.kind is not Kind.TEXT for field in fields)
    } == set()
