"""Stages of HTTP and WebSocket APIs, as GetStages of API Gateway V2 lists them for one API after the other."""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Reference, Scope

API_STAGE = ItemType(
    name="api_stage",
    title="HTTP or WebSocket API stage",
    resource_type="aws.apigatewayv2.stage",
    cloudformation="AWS::ApiGatewayV2::Stage",
    arn="arn:{partition}:apigateway:{region}::/apis/{api_id}/stages/{stage_name}",
    scopes=(Scope("api_stage", ("apigatewayv2:GetStages",)),),
    parent="api",
    key=Field("stage_name", Kind.TEXT, "StageName", "Name, unique within the API.", NEVER),
    label="stage_name",
    digested=("client_certificate_id",),
    references=(
        Reference(
            "client_certificate_id", "certificate", "The certificate that it presents to its backends."
        ),
    ),
    fields=(
        Field(
            "client_certificate_id",
            Kind.TEXT,
            "ClientCertificateId",
            "Client certificate that it presents to its HTTP backends (WebSocket).",
            "It names none.",
            stored=True,
            derived=True,
            since="certificate_named_at",
        ),
        Field(
            "secret_variables",
            Kind.TEXTS,
            "variablesThatLookSecret",
            "Names of stage variables whose values look like secrets: judged when they are read, since the values "
            "are never kept.",
            "It has no variables.",
            stored=True,
            derived=True,
        ),
        Field("description", Kind.TEXT, "Description", "Description.", "There is none."),
        Field("created_at", Kind.TIME, "CreatedDate", "When it was created.", "AWS did not say."),
        Field(
            "last_updated_at", Kind.TIME, "LastUpdatedDate", "When it was last updated.", "AWS did not say."
        ),
        Field(
            "tags",
            Kind.JSON,
            "Tags",
            "Tags, name to value; sensitive values are keyed hashes.",
            "There are none.",
        ),
        Field("deployment_id", Kind.TEXT, "DeploymentId", "Deployment that it serves.", "AWS named none."),
        Field(
            "auto_deploy",
            Kind.BOOLEAN,
            "AutoDeploy",
            "Whether changes of the API are deployed to it at once.",
            "AWS did not say: they are not.",
        ),
        Field(
            "last_deployment_status_message",
            Kind.TEXT,
            "LastDeploymentStatusMessage",
            "How its last automatic deployment ended.",
            "It is not deployed automatically.",
        ),
        Field(
            "access_log_destination_arn",
            Kind.TEXT,
            "AccessLogSettings.DestinationArn",
            "ARN of the log group or Firehose stream that access logs go to.",
            "Access logging is off.",
        ),
        Field(
            "access_log_format",
            Kind.TEXT,
            "AccessLogSettings.Format",
            "Format of access logs.",
            "None was given.",
        ),
        Field(
            "default_route_settings",
            Kind.JSON,
            "DefaultRouteSettings",
            "Settings of routes that have none of their own: metrics, throttling; of WebSocket APIs also logging and "
            "data trace.",
            "There are none: AWS's defaults hold.",
        ),
        Field(
            "route_settings",
            Kind.JSON,
            "RouteSettings",
            "Settings of single routes, by route key.",
            "No route has its own.",
        ),
        Field(
            "variables",
            Kind.JSON,
            "StageVariables",
            "Stage variables, name to keyed hash: the values are never kept.",
            "There are none.",
        ),
        Field(
            "api_gateway_managed",
            Kind.BOOLEAN,
            "ApiGatewayManaged",
            "Whether API Gateway made it, by quick create, and manages it.",
            "AWS did not say: it does not.",
        ),
    ),
)
