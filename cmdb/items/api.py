"""HTTP and WebSocket APIs, as GetApis of API Gateway V2 lists them."""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Scope

API = ItemType(
    name="api",
    title="HTTP or WebSocket API",
    resource_type="aws.apigatewayv2.api",
    arn="arn:{partition}:apigateway:{region}::/apis/{api_id}",
    scopes=(Scope("api", ("apigatewayv2:GetApis",)),),
    key=Field("api_id", Kind.TEXT, "ApiId", "AWS id of the HTTP or WebSocket API.", NEVER),
    label="name",
    fields=(
        Field("name", Kind.TEXT, "Name", "Name.", "None was given.", stored=True),
        Field(
            "protocol_type",
            Kind.TEXT,
            "ProtocolType",
            "HTTP or WEBSOCKET.",
            "AWS did not say.",
            stored=True,
        ),
        Field("description", Kind.TEXT, "Description", "Description.", "There is none."),
        Field("created_at", Kind.TIME, "CreatedDate", "When it was created.", "AWS did not say."),
        Field(
            "version", Kind.TEXT, "Version", "Version identifier that its owner gave it.", "There is none."
        ),
        Field(
            "tags",
            Kind.JSON,
            "Tags",
            "Tags, name to value; sensitive values are keyed hashes.",
            "There are none.",
        ),
        Field("api_endpoint", Kind.TEXT, "ApiEndpoint", "Its default endpoint.", "AWS did not say."),
        Field(
            "disable_execute_api_endpoint",
            Kind.BOOLEAN,
            "DisableExecuteApiEndpoint",
            "Whether its default execute-api endpoint is switched off.",
            "AWS did not say: the endpoint is on.",
        ),
        Field(
            "ip_address_type",
            Kind.TEXT,
            "IpAddressType",
            "Address types that can invoke it: ipv4 or dualstack.",
            "AWS named none.",
        ),
        Field(
            "cors_allow_origins",
            Kind.TEXTS,
            "CorsConfiguration.AllowOrigins",
            "Origins that browsers may call it from (HTTP).",
            "CORS is not configured, or no origin is allowed.",
        ),
        Field(
            "cors_allow_credentials",
            Kind.BOOLEAN,
            "CorsConfiguration.AllowCredentials",
            "Whether browsers may send credentials along (HTTP).",
            "AWS did not say: they may not.",
        ),
        Field(
            "cors_configuration",
            Kind.JSON,
            "CorsConfiguration",
            "CORS: origins, methods, headers, credentials, age (HTTP).",
            "CORS is not configured.",
        ),
        Field(
            "route_selection_expression",
            Kind.TEXT,
            "RouteSelectionExpression",
            "What selects the route of a request or message.",
            "AWS did not say.",
        ),
        Field(
            "api_key_selection_expression",
            Kind.TEXT,
            "ApiKeySelectionExpression",
            "Where the API key is read from (WebSocket).",
            "AWS did not say.",
        ),
        Field(
            "disable_schema_validation",
            Kind.BOOLEAN,
            "DisableSchemaValidation",
            "Whether models are not validated when it is deployed (WebSocket).",
            "AWS did not say: they are.",
        ),
        Field(
            "api_gateway_managed",
            Kind.BOOLEAN,
            "ApiGatewayManaged",
            "Whether another service manages it.",
            "AWS did not say: none does.",
        ),
        Field("import_info", Kind.TEXTS, "ImportInfo", "What an import left out.", "There is nothing."),
        Field("warnings", Kind.TEXTS, "Warnings", "Warnings of an import.", "There are none."),
    ),
)
