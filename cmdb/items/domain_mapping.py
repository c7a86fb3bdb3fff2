"""Where custom domain names lead: their mappings and routing rules, read for one domain name after the other."""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Scope

DOMAIN_MAPPING = ItemType(
    name="domain_mapping",
    title="mappings of a custom domain name",
    resource_type="aws.apigateway.domainmapping",
    cloudformation="AWS::ApiGateway::BasePathMapping",
    arn="arn:{partition}:apigateway:{region}::/domainnames/{domain}/apimappings",
    scopes=(
        Scope(
            "domain_mapping",
            (
                "apigatewayv2:GetApiMappings",
                "apigateway:GetBasePathMappings",
                "apigatewayv2:ListRoutingRules",
            ),
        ),
    ),
    parent="domain_name",
    fields=(
        Field(
            "api_ids",
            Kind.TEXTS,
            "api_ids",
            "APIs of any kind that it leads to, by mapping or routing rule, sorted.",
            NEVER,
            stored=True,
            derived=True,
        ),
        Field(
            "mappings",
            Kind.JSON,
            "mappings",
            "Its mappings, sorted by path, each an object: path (empty: any), api_id, stage.",
            "They are without effect: it goes by routing rules only.",
        ),
        Field(
            "routing_rules",
            Kind.JSON,
            "routing_rules",
            "Its routing rules, sorted by priority, each an object: priority, api_id, stage, strips_base_path, "
            "base_paths, headers (name and keyed hash of the pattern). What AWS did not say is left out.",
            "They are without effect: it goes by mappings only.",
        ),
    ),
)
