"""Routes of an HTTP or WebSocket API, all of them as one item, as GetRoutes lists them.

They are judged for the API as a whole, and one row for an API is cheaper to keep, join and follow than one for
each of its routes. They are those of the API itself: what is not deployed yet is among them.
"""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Scope

API_ROUTES = ItemType(
    name="api_routes",
    title="routes of an HTTP or WebSocket API",
    resource_type="aws.apigatewayv2.routes",
    cloudformation="AWS::ApiGatewayV2::Route",
    arn="arn:{partition}:apigateway:{region}::/apis/{api_id}/routes",
    scopes=(Scope("api_routes", ("apigatewayv2:GetRoutes",)),),
    parent="api",
    fields=(
        Field(
            "routes",
            Kind.JSON,
            "Routes",
            "Its routes, sorted by RouteKey, each an object with the fields of AWS: RouteKey (GET /orders, $connect); "
            "RouteId; AuthorizationType (NONE, AWS_IAM, CUSTOM, JWT); AuthorizerId; AuthorizationScopes; "
            "ApiKeyRequired; Target; OperationName; RequestModels; RequestParameters; ApiGatewayManaged; and the "
            "expressions that select models and responses. What AWS did not say is left out.",
            NEVER,
        ),
    ),
)
