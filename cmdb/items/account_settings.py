"""API Gateway's settings of an account and region, as GetAccount shows them."""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Scope

ACCOUNT_SETTINGS = ItemType(
    name="account_settings",
    title="API Gateway account settings",
    resource_type="aws.apigateway.account",
    cloudformation="AWS::ApiGateway::Account",
    arn="arn:{partition}:apigateway:{region}::/{settings}",
    scopes=(Scope("account_settings", ("apigateway:GetAccount",)),),
    key=Field(
        "settings",
        Kind.TEXT,
        "settings",
        "Always `account`, as in its ARN: there are one account's settings in each region.",
        NEVER,
    ),
    label="settings",
    fields=(
        Field(
            "cloudwatch_role_arn",
            Kind.TEXT,
            "cloudwatchRoleArn",
            "Role with which API Gateway writes logs of REST and WebSocket APIs to CloudWatch Logs.",
            "There is none: no such log is written.",
            stored=True,
        ),
        Field(
            "burst_limit",
            Kind.INTEGER,
            "throttleSettings.burstLimit",
            "Requests that all APIs of the account may take at once.",
            "AWS did not say.",
        ),
        Field(
            "rate_limit",
            Kind.NUMERIC,
            "throttleSettings.rateLimit",
            "Requests a second that all APIs of the account may take in the long run.",
            "AWS did not say.",
        ),
        Field(
            "features",
            Kind.TEXTS,
            "features",
            "Features that the account supports, such as UsagePlans.",
            "AWS named none.",
        ),
        Field("api_key_version", Kind.TEXT, "apiKeyVersion", "Version of its API keys.", "AWS did not say."),
    ),
)
