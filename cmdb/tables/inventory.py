"""Tables of the inventory: the latest version of each item, its payload apart, and closed versions.

A latest row stays when its item disappears (``valid_to`` is then set), so that the row is also the item's
identity. A closed version is superseded when the next one opens: at once when the item changed, later when it
had disappeared in between.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql_text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from cmdb.tables.base import bigint, column, integer, metadata, one_of, text, time

CERTIFICATE_KINDS = ("API_GATEWAY", "ACM")


def _latest(item: str) -> list[Column[Any]]:
    return [
        integer("account_region_id", "The account-region."),
        bigint("version_id", "Id of the latest version."),
        time("valid_from", "Start of the latest version, inclusive."),
        time("valid_to", f"When the {item} was found gone. Null: it is there.", nullable=True),
    ]


def _compared() -> list[Column[Any]]:
    return [
        column("digest", LargeBinary(), "Digest of the canonical payload."),
    ]


def _closed(table: str) -> list[Any]:
    return [
        time("valid_from", "Start of the version, inclusive.", primary_key=True),
        time("valid_to", "End of the version, exclusive."),
        time("superseded_at", "When the next version opened; later than valid_to if the item was gone."),
        bigint("version_id", "Id of the version."),
        CheckConstraint("valid_to >= valid_from", name="interval"),
        CheckConstraint("superseded_at >= valid_to AND superseded_at > valid_from", name="superseded"),
        Index(f"ix_{table}_superseded_at", "superseded_at"),
    ]


def _payload(table: str, key: str, source: str) -> Table:
    return Table(
        table,
        metadata,
        bigint(key, "The item.", primary_key=True, autoincrement=False),
        column("payload", JSONB(), f"The latest version as {source} gave it, normalised."),
        schema="cmdb",
        comment="Payloads of latest versions, apart so that evaluations read narrow rows.",
    )


def _rest_api() -> list[Column[Any]]:
    return [
        text("name", "Name (GetRestApis). Null: none given.", nullable=True),
        column("is_private", Boolean(), "Whether PRIVATE is its only endpoint type."),
    ]


rest_api = Table(
    "rest_api",
    metadata,
    bigint("rest_api_key", "Key of the REST API.", primary_key=True, autoincrement=False),
    *_latest("REST API"),
    *_compared(),
    text("rest_api_id", "AWS id of the REST API."),
    *_rest_api(),
    UniqueConstraint("account_region_id", "rest_api_id"),
    CheckConstraint("valid_to >= valid_from", name="interval"),
    schema="cmdb",
    comment="REST APIs (apigateway:GetRestApis), latest version each.",
)
rest_api_payload = _payload("rest_api_payload", "rest_api_key", "GetRestApis")
rest_api_closed = Table(
    "rest_api_closed",
    metadata,
    bigint("rest_api_key", "The REST API.", primary_key=True, autoincrement=False),
    *_closed("rest_api_closed"),
    *_rest_api(),
    column("payload", JSONB(), "The version as GetRestApis gave it, normalised."),
    schema="cmdb",
    comment="Closed versions of REST APIs.",
)


def _stage() -> list[Column[Any]]:
    return [
        text("deployment_id", "Deployment it serves (GetStages). Null: none given.", nullable=True),
        text(
            "client_certificate_id",
            "Client certificate it presents: an API Gateway id or an ACM ARN (GetStages). Null: none.",
            nullable=True,
        ),
        time("certificate_named_at", "Since when it names that certificate without a break."),
    ]


stage = Table(
    "stage",
    metadata,
    bigint("stage_id", "Key of the stage.", primary_key=True, autoincrement=False),
    *_latest("stage"),
    *_compared(),
    bigint("rest_api_key", "The REST API."),
    text("stage_name", "Name, unique within the REST API."),
    *_stage(),
    UniqueConstraint("account_region_id", "rest_api_key", "stage_name"),
    CheckConstraint("valid_to >= valid_from", name="interval"),
    Index("ix_stage_valid_to", "valid_to", postgresql_where=sql_text("valid_to IS NOT NULL")),
    Index(
        "ix_stage_account_region_id_client_certificate_id",
        "account_region_id",
        "client_certificate_id",
        postgresql_where=sql_text("client_certificate_id IS NOT NULL"),
    ),
    schema="cmdb",
    comment="Stages (apigateway:GetStages), latest version each.",
)
stage_payload = _payload("stage_payload", "stage_id", "GetStages")
stage_closed = Table(
    "stage_closed",
    metadata,
    bigint("stage_id", "The stage.", primary_key=True, autoincrement=False),
    *_closed("stage_closed"),
    *_stage(),
    column("payload", JSONB(), "The version as GetStages gave it, normalised."),
    schema="cmdb",
    comment="Closed versions of stages.",
)


def _integration() -> list[Column[Any]]:
    return [
        column("types", ARRAY(Text()), "Integration types of the API's methods, sorted (GetResources)."),
        column("has_http", Boolean(), "Whether HTTP or HTTP_PROXY is among them."),
    ]


integration = Table(
    "integration",
    metadata,
    bigint("rest_api_key", "The REST API.", primary_key=True, autoincrement=False),
    *_latest("REST API"),
    *_integration(),
    CheckConstraint("valid_to >= valid_from", name="interval"),
    Index("ix_integration_version_id", "version_id"),
    schema="cmdb",
    comment="Integration types of REST APIs' methods (apigateway:GetResources), latest version each. "
    "No row: the methods were never read.",
)
integration_closed = Table(
    "integration_closed",
    metadata,
    bigint("rest_api_key", "The REST API.", primary_key=True, autoincrement=False),
    *_closed("integration_closed"),
    *_integration(),
    schema="cmdb",
    comment="Closed versions of integration types.",
)
method_reading = Table(
    "method_reading",
    metadata,
    bigint("rest_api_key", "The REST API.", primary_key=True, autoincrement=False),
    time("read_at", "as_of of the run that read its methods last."),
    column("deployment_ids", ARRAY(Text()), "Deployments its stages served when they were read."),
    schema="cmdb",
    comment="When and for which deployments a REST API's methods were read; tells when to read them again.",
)


def _certificate() -> list[Column[Any]]:
    return [
        time("created_at", "When it was made (createdDate, ACM CreatedAt). Null: not told.", nullable=True),
        time("expires_at", "When it ends (expirationDate, ACM NotAfter). Null: not told.", nullable=True),
        text("serial", "Serial number, hexadecimal. Null: no readable PEM.", nullable=True),
        text("fingerprint_sha256", "SHA-256 of its DER, hexadecimal. Null: no readable PEM.", nullable=True),
        text("subject", "Subject, RFC 4514. Null: not told.", nullable=True),
        column(
            "proven_absent",
            Boolean(),
            "With valid_to: whether it was proven deleted then; otherwise no stage named it any longer.",
        ),
    ]


certificate = Table(
    "certificate",
    metadata,
    bigint("certificate_key", "Key of the certificate.", primary_key=True, autoincrement=False),
    *_latest("certificate"),
    *_compared(),
    text("kind", "API_GATEWAY or ACM."),
    text("certificate_id", "API Gateway's id, or the ARN in ACM."),
    *_certificate(),
    UniqueConstraint("account_region_id", "certificate_id"),
    CheckConstraint(one_of("kind", CERTIFICATE_KINDS), name="kind"),
    CheckConstraint("valid_to >= valid_from", name="interval"),
    CheckConstraint("valid_to IS NOT NULL OR NOT proven_absent", name="absence"),
    Index("ix_certificate_valid_to", "valid_to", postgresql_where=sql_text("valid_to IS NOT NULL")),
    schema="cmdb",
    comment="Client certificates (GetClientCertificates, acm:DescribeCertificate), latest version each. "
    "One that was never seen but proven absent begins and ends at the time of that proof.",
)
certificate_payload = _payload("certificate_payload", "certificate_key", "GetClientCertificates or ACM")
certificate_closed = Table(
    "certificate_closed",
    metadata,
    bigint("certificate_key", "The certificate.", primary_key=True, autoincrement=False),
    *_closed("certificate_closed"),
    *_certificate(),
    column("payload", JSONB(), "The version as AWS gave it. Null: it was never seen.", nullable=True),
    schema="cmdb",
    comment="Closed versions of certificates.",
)
