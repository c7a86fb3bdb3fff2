"""Drafts of REST APIs, what the next deployment would take along, as GetResources shows them."""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Scope

DRAFT = ItemType(
    name="draft",
    title="draft of a REST API",
    resource_type="aws.apigateway.draft",
    arn="arn:{partition}:apigateway:{region}::/restapis/{rest_api_id}/resources",
    scopes=(Scope("draft", ("apigateway:GetResources",)),),
    parent="rest_api",
    fields=(
        Field(
            "methods_digest",
            Kind.TEXT,
            "methods",
            "Digest of its methods, hexadecimal: SHA-256, the first 16 bytes.",
            NEVER,
            stored=True,
            derived=True,
            since="edited_at",
        ),
        Field(
            "methods",
            Kind.JSON,
            "methods",
            "Its methods in the form of those of deployments, without validates_body and validates_parameters, which "
            "are read of deployments only.",
            NEVER,
        ),
    ),
)
