"""Deployments of REST APIs, the immutable snapshots that stages serve, as GetExport shows them."""

from cmdb.items.declaration import NEVER, Absence, Field, ItemType, Kind, Scope

DEPLOYMENT = ItemType(
    name="deployment",
    title="deployment of a REST API",
    resource_type="aws.apigateway.deployment",
    arn="arn:{partition}:apigateway:{region}::/restapis/{rest_api_id}/deployments/{deployment_id}",
    scopes=(Scope("deployment", ("apigateway:GetExport",)),),
    parent="rest_api",
    key=Field("deployment_id", Kind.TEXT, "deploymentId", "Id, unique within the REST API.", NEVER),
    label="deployment_id",
    absence=Absence.NONE,
    shared_payload=True,
    fields=(
        Field(
            "types",
            Kind.TEXTS,
            "methods.integration_type",
            "Integration types of its methods, sorted.",
            NEVER,
            stored=True,
            derived=True,
        ),
        Field(
            "has_http",
            Kind.BOOLEAN,
            "methods.integration_type",
            "Whether HTTP or HTTP_PROXY is among them.",
            NEVER,
            stored=True,
            derived=True,
        ),
        Field(
            "source",
            Kind.TEXT,
            "source",
            "Where its definition was read: EXPORT (GetExport).",
            NEVER,
            stored=True,
            derived=True,
        ),
        Field(
            "methods",
            Kind.JSON,
            "methods",
            "Its methods, sorted by path and verb, each an object: path; verb (ANY for all); integration_type; "
            "connection_type; uri_scheme; uri_host, without user, port, path and query; uri_is_fixed (false: "
            "scheme or host come from a stage variable or the request); insecure_skip_verification; "
            "authorization; api_key_required; validates_body; validates_parameters; has_required_parameters; "
            "has_body_model. What AWS did not say is left out.",
            NEVER,
        ),
    ),
)
