"""Stages of REST APIs, as GetStages lists them for one API after the other."""

from cmdb.items.declaration import NEVER, Field, ItemType, Kind, Reference, Scope

STAGE = ItemType(
    name="stage",
    title="REST API stage",
    resource_type="aws.apigateway.stage",
    arn="arn:{partition}:apigateway:{region}::/restapis/{rest_api_id}/stages/{stage_name}",
    scopes=(Scope("stage", ("apigateway:GetStages",)),),
    parent="rest_api",
    key=Field("stage_name", Kind.TEXT, "stageName", "Name, unique within the REST API.", NEVER),
    label="stage_name",
    digested=("deployment_id", "client_certificate_id"),
    references=(
        Reference(
            "client_certificate_id", "certificate", "The certificate that it presents to its backends."
        ),
        Reference("deployment_id", "deployment", "The deployment that it serves.", to_parent=True),
        Reference(
            "canary_deployment_id", "deployment", "The deployment that its canary serves.", to_parent=True
        ),
    ),
    fields=(
        Field(
            "deployment_id",
            Kind.TEXT,
            "deploymentId",
            "Deployment that it serves.",
            "AWS named none.",
            stored=True,
            since="deployment_served_at",
        ),
        Field(
            "client_certificate_id",
            Kind.TEXT,
            "clientCertificateId",
            "Client certificate that it presents to its backends: an API Gateway id or an ACM ARN.",
            "It names none.",
            stored=True,
            derived=True,
            since="certificate_named_at",
        ),
        Field("description", Kind.TEXT, "description", "Description.", "There is none."),
        Field("created_at", Kind.TIME, "createdDate", "When it was created.", "AWS did not say."),
        Field(
            "last_updated_at", Kind.TIME, "lastUpdatedDate", "When it was last updated.", "AWS did not say."
        ),
        Field(
            "tags",
            Kind.JSON,
            "tags",
            "Tags, name to value; sensitive values are keyed hashes.",
            "There are none.",
        ),
        Field(
            "tracing_enabled",
            Kind.BOOLEAN,
            "tracingEnabled",
            "Whether active tracing with X-Ray is on.",
            "AWS did not say: it is off.",
        ),
        Field(
            "web_acl_arn",
            Kind.TEXT,
            "webAclArn",
            "ARN of the WAF web ACL associated with it.",
            "There is none.",
        ),
        Field(
            "method_settings",
            Kind.JSON,
            "methodSettings",
            "Settings by {path}/{VERB}, or */* for all methods: logging, metrics, caching, throttling.",
            "There are none: AWS's defaults hold.",
        ),
        Field(
            "access_log_destination_arn",
            Kind.TEXT,
            "accessLogSettings.destinationArn",
            "ARN of the log group or Firehose stream that access logs go to.",
            "Access logging is off.",
        ),
        Field(
            "access_log_format",
            Kind.TEXT,
            "accessLogSettings.format",
            "Format of access logs.",
            "None was given.",
        ),
        Field(
            "cache_cluster_enabled",
            Kind.BOOLEAN,
            "cacheClusterEnabled",
            "Whether it has a cache cluster.",
            "AWS did not say: it has none.",
        ),
        Field(
            "cache_cluster_size", Kind.TEXT, "cacheClusterSize", "Size of the cache in GB.", "It has none."
        ),
        Field(
            "cache_cluster_status",
            Kind.TEXT,
            "cacheClusterStatus",
            "State of the cache cluster.",
            "AWS did not say.",
            volatile=True,
        ),
        Field(
            "variables",
            Kind.JSON,
            "variables",
            "Stage variables, name to keyed hash: the values are never kept.",
            "There are none.",
        ),
        Field(
            "secret_variables",
            Kind.TEXTS,
            "variablesThatLookSecret",
            "Names of stage variables, those that a canary overrides included, whose values look like secrets: "
            "judged when they are read, since the values are never kept.",
            "It has no variables, or none was looked at.",
            stored=True,
            derived=True,
            filled_at="secrets_known_at",
        ),
        Field(
            "canary_deployment_id",
            Kind.TEXT,
            "canarySettings.deploymentId",
            "Deployment that its canary serves.",
            "It has no canary, or AWS named no deployment.",
            stored=True,
        ),
        Field(
            "canary_percent_traffic",
            Kind.NUMERIC,
            "canarySettings.percentTraffic",
            "Share of the traffic that goes to the canary, in percent.",
            "It has no canary.",
        ),
        Field(
            "canary_settings",
            Kind.JSON,
            "canarySettings",
            "The canary's settings; values of its variables are keyed hashes.",
            "It has no canary.",
        ),
        Field(
            "documentation_version",
            Kind.TEXT,
            "documentationVersion",
            "Version of the API's documentation.",
            "None was given.",
        ),
    ),
)
