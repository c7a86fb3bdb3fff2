"""Integrations of an HTTP or WebSocket API, all of them as one item, as GetIntegrations lists them.

What may hold secrets is not kept: the mappings of parameters and templates, credentials, and what follows scheme
and host in a URL.
"""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Scope

API_INTEGRATIONS = ItemType(
    name="api_integrations",
    title="integrations of an HTTP or WebSocket API",
    resource_type="aws.apigatewayv2.integrations",
    cloudformation="AWS::ApiGatewayV2::Integration",
    arn="arn:{partition}:apigateway:{region}::/apis/{api_id}/integrations",
    scopes=(Scope("api_integrations", ("apigatewayv2:GetIntegrations",)),),
    parent="api",
    fields=(
        Field(
            "integrations",
            Kind.JSON,
            "Integrations",
            "Its integrations, sorted by IntegrationId, each an object with the fields of AWS: IntegrationId; "
            "IntegrationType (AWS, AWS_PROXY, HTTP, HTTP_PROXY, MOCK); IntegrationSubtype; IntegrationMethod; "
            "IntegrationUri, an ARN, or scheme and host of a URL; ConnectionType (INTERNET, VPC_LINK); ConnectionId; "
            "TlsConfig; Description; PayloadFormatVersion; TimeoutInMillis; PassthroughBehavior; "
            "ContentHandlingStrategy; ApiGatewayManaged; and the expressions that select templates and responses. "
            "What AWS did not say is left out.",
            NEVER,
        ),
    ),
)
