"""Integration types of the methods of a REST API's draft, as GetResources showed them.

No longer collected: a stage serves a deployment and not the draft. What was read before that was known stays,
as the evidence of the verdicts that rested on it.
"""

from cmdb.items.declaration import NEVER, Absence, Field, ItemType, Kind, Scope

INTEGRATION = ItemType(
    name="integration",
    title="integration types of a REST API's methods",
    resource_type="aws.apigateway.integration",
    arn="arn:{partition}:apigateway:{region}::/restapis/{rest_api_id}",
    scopes=(Scope("integration", ("apigateway:GetResources",)),),
    parent="rest_api",
    absence=Absence.NONE,
    has_payload=False,
    collected=False,
    fields=(
        Field(
            "types",
            Kind.TEXTS,
            "resourceMethods.methodIntegration.type",
            "Integration types of the API's methods, sorted.",
            NEVER,
            stored=True,
            derived=True,
        ),
        Field(
            "has_http",
            Kind.BOOLEAN,
            "resourceMethods.methodIntegration.type",
            "Whether HTTP or HTTP_PROXY is among them.",
            NEVER,
            stored=True,
            derived=True,
        ),
        Field(
            "deployment_ids",
            Kind.TEXTS,
            "deploymentId",
            "Deployments that the API's stages served when its methods were last read.",
            "It is not known.",
            stored=True,
            derived=True,
            noted=True,
        ),
    ),
)
