"""Usage plans of REST APIs, as GetUsagePlans lists them."""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Scope

USAGE_PLAN = ItemType(
    name="usage_plan",
    title="usage plan",
    resource_type="aws.apigateway.usageplan",
    arn="arn:{partition}:apigateway:{region}::/usageplans/{usage_plan_id}",
    scopes=(Scope("usage_plan", ("apigateway:GetUsagePlans",)),),
    key=Field("usage_plan_id", Kind.TEXT, "id", "AWS id of the usage plan.", NEVER),
    label="name",
    fields=(
        Field("name", Kind.TEXT, "name", "Name.", "None was given.", stored=True),
        Field("description", Kind.TEXT, "description", "Description.", "There is none."),
        Field(
            "api_stages",
            Kind.JSON,
            "apiStages",
            "Stages that it is for, each an object: apiId, stage, throttle (limits of single methods).",
            "There are none.",
        ),
        Field(
            "rate_limit",
            Kind.NUMERIC,
            "throttle.rateLimit",
            "Requests a second that each API key may make in the long run.",
            "There is no limit.",
        ),
        Field(
            "burst_limit",
            Kind.INTEGER,
            "throttle.burstLimit",
            "Requests that each API key may make at once.",
            "There is no limit.",
        ),
        Field(
            "quota_limit",
            Kind.INTEGER,
            "quota.limit",
            "Requests that each API key may make in a period.",
            "There is no quota.",
        ),
        Field(
            "quota_offset",
            Kind.INTEGER,
            "quota.offset",
            "Requests that are taken off the quota's first period.",
            "There is no quota, or AWS did not say.",
        ),
        Field(
            "quota_period",
            Kind.TEXT,
            "quota.period",
            "Period of the quota: DAY, WEEK or MONTH.",
            "There is no quota.",
        ),
        Field(
            "product_code",
            Kind.TEXT,
            "productCode",
            "Product on AWS Marketplace that it belongs to.",
            "It belongs to none.",
        ),
        Field(
            "tags",
            Kind.JSON,
            "tags",
            "Tags, name to value; sensitive values are keyed hashes.",
            "There are none.",
        ),
    ),
)
