"""REST APIs, as GetRestApis lists them."""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Scope

REST_API = ItemType(
    name="rest_api",
    title="REST API",
    resource_type="aws.apigateway.restapi",
    arn="arn:{partition}:apigateway:{region}::/restapis/{rest_api_id}",
    scopes=(Scope("rest_api", ("apigateway:GetRestApis",)),),
    key=Field("rest_api_id", Kind.TEXT, "id", "AWS id of the REST API.", NEVER),
    label="name",
    digested=("endpoint_types",),
    fields=(
        Field("name", Kind.TEXT, "name", "Name.", "None was given.", stored=True),
        Field(
            "is_private",
            Kind.BOOLEAN,
            "endpointConfiguration.types",
            "Whether PRIVATE is its only endpoint type.",
            NEVER,
            stored=True,
            derived=True,
        ),
        Field(
            "endpoint_types",
            Kind.TEXTS,
            "endpointConfiguration.types",
            "Endpoint types: EDGE, REGIONAL, PRIVATE.",
            "AWS named none.",
        ),
        Field(
            "ip_address_type",
            Kind.TEXT,
            "endpointConfiguration.ipAddressType",
            "Address types that can invoke it: ipv4 or dualstack.",
            "AWS named none.",
        ),
        Field(
            "vpc_endpoint_ids",
            Kind.TEXTS,
            "endpointConfiguration.vpcEndpointIds",
            "VPC endpoints of a private API.",
            "It names none.",
        ),
        Field("description", Kind.TEXT, "description", "Description.", "There is none."),
        Field("created_at", Kind.TIME, "createdDate", "When it was created.", "AWS did not say."),
        Field(
            "version", Kind.TEXT, "version", "Version identifier that its owner gave it.", "There is none."
        ),
        Field(
            "policy",
            Kind.TEXT,
            "policy",
            "Resource policy, a JSON document in which AWS escapes quotation marks.",
            "There is none.",
        ),
        Field(
            "tags",
            Kind.JSON,
            "tags",
            "Tags, name to value; sensitive values are keyed hashes.",
            "There are none.",
        ),
        Field(
            "disable_execute_api_endpoint",
            Kind.BOOLEAN,
            "disableExecuteApiEndpoint",
            "Whether its default execute-api endpoint is switched off.",
            "AWS did not say: the endpoint is on.",
        ),
        Field(
            "security_policy",
            Kind.TEXT,
            "securityPolicy",
            "TLS version and cipher suites: TLS_1_0, TLS_1_2 or an enhanced SecurityPolicy_... (since 2025-11).",
            "AWS did not say.",
        ),
        Field(
            "endpoint_access_mode",
            Kind.TEXT,
            "endpointAccessMode",
            "BASIC or STRICT, for enhanced security policies.",
            "AWS did not say: BASIC.",
        ),
        Field(
            "minimum_compression_size",
            Kind.INTEGER,
            "minimumCompressionSize",
            "Bytes from which payloads are compressed.",
            "Compression is off.",
        ),
        Field(
            "binary_media_types",
            Kind.TEXTS,
            "binaryMediaTypes",
            "Media types that are taken for binary.",
            "There are none.",
        ),
        Field(
            "api_key_source",
            Kind.TEXT,
            "apiKeySource",
            "Where the API key comes from: HEADER or AUTHORIZER.",
            "AWS did not say: HEADER.",
        ),
        Field(
            "root_resource_id", Kind.TEXT, "rootResourceId", "Id of the root resource.", "AWS did not say."
        ),
        Field(
            "api_status",
            Kind.TEXT,
            "apiStatus",
            "UPDATING, AVAILABLE, PENDING or FAILED.",
            "AWS did not say.",
            volatile=True,
        ),
        Field(
            "api_status_message",
            Kind.TEXT,
            "apiStatusMessage",
            "What AWS says of its status.",
            "AWS says nothing.",
            volatile=True,
        ),
        Field("warnings", Kind.TEXTS, "warnings", "Warnings of an import.", "There are none."),
    ),
)
