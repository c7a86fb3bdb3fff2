"""A small organization with a face: a platform team, a shop and a payments company, in two regions."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulated_aws.estate import AccountRegion, Estate

PLATFORM, SHOP, PAYMENTS, OLD_SANDBOX = "310000000001", "310000000002", "310000000003", "310000000004"
CENTRAL, WEST = "eu-central-1", "eu-west-1"
REGIONS = (CENTRAL, WEST)
ACTIVE_ACCOUNTS = (PLATFORM, SHOP, PAYMENTS)

_SUBJECTS = {
    PLATFORM: (
        "identity",
        "audit",
        "notify",
        "config",
        "search",
        "metrics",
        "files",
        "mail",
        "jobs",
        "flags",
    ),
    SHOP: (
        "orders",
        "cart",
        "catalog",
        "prices",
        "stock",
        "returns",
        "reviews",
        "gifts",
        "loyalty",
        "coupons",
    ),
    PAYMENTS: (
        "cards",
        "payouts",
        "invoices",
        "fraud",
        "refunds",
        "rates",
        "terms",
        "vault",
        "ledgers",
        "taxes",
    ),
}
#: Security policies of REST APIs, in turn.
_TLS = ("TLS_1_2", "TLS_1_0", "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09")
_STAGES = ("prod", "staging", "dev")


@dataclass(frozen=True, slots=True)
class StageKey:
    """One stage of the story: account, region, REST API id, stage name."""

    account_id: str
    region: str
    api_id: str
    name: str


@dataclass(frozen=True, slots=True)
class HttpKey:
    """An HTTP or WebSocket API of the story: account, region, id, and the route that its nights work on."""

    account_id: str
    region: str
    api_id: str
    route_id: str


@dataclass(slots=True)
class Cast:
    """The stages the story follows by name, and the things its nights work on."""

    stages: dict[str, StageKey] = field(default_factory=dict)
    http_apis: dict[str, HttpKey] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)
    """By name: certificate id or ACM ARN."""


def demo_estate(first_night: datetime, *, seed: str = "demo") -> tuple[Estate, Cast]:
    """Return the organization as it is on the first night, some 200 stages, and who is who in it.

    Every condition of the certificate policy is there on the first night or comes about in the nights that
    ``story.demo_nights`` describes, except ``unexpected``, which nothing real brings about.
    """
    estate = Estate(seed=seed, now=first_night - timedelta(days=90))
    estate.add_account(PLATFORM, "Platform", regions=REGIONS, management=True)
    estate.add_account(SHOP, "Northwind Shop", regions=REGIONS)
    estate.add_account(PAYMENTS, "Payments", regions=REGIONS)
    estate.add_account(OLD_SANDBOX, "Old sandbox", regions=REGIONS, status="SUSPENDED")
    dice = random.Random(f"{seed}/estate")  # noqa: S311 - dice, no secrets
    for account_id in ACTIVE_ACCOUNTS:
        for region in REGIONS:
            _everyday(estate.region(account_id, region), _SUBJECTS[account_id], dice)
    cast = Cast()
    _characters(estate, cast, first_night)
    _fronts(estate, cast)
    _http_apis(estate, cast)
    estate.now = first_night - timedelta(hours=6)
    return estate, cast


def _everyday(place: AccountRegion, subjects: tuple[str, ...], dice: random.Random) -> None:
    """Ten APIs of three stages: production mostly with a certificate, development mostly without."""
    shared = [place.create_certificate(f"backends {name}", tags={"owner": "platform"}) for name in ("a", "b")]
    likely = {"prod": 0.85, "staging": 0.6, "dev": 0.25}
    for number, subject in enumerate(subjects):
        kinds = ("AWS_PROXY", "MOCK") if number % 5 == 4 else ("HTTP_PROXY",)
        types = ("PRIVATE",) if number % 7 == 6 else ("REGIONAL",)
        api = place.add_api(
            subject,
            description=f"{subject} for everyone",
            integrations=kinds,
            endpoint_types=types,
            tags={"team": subject},
        )
        place.update_api(api.id, securityPolicy=_TLS[number % len(_TLS)])
        for name in _STAGES:
            chosen = dice.choice(shared).id if dice.random() < likely[name] else None
            place.add_stage(
                api.id, name, certificate_id=chosen, variables={"backend": f"https://{subject}.example.com"}
            )
        if number % 3 == 0:
            place.update_stage(api.id, "prod", **_well_kept(place, subject))


def _well_kept(place: AccountRegion, subject: str) -> dict[str, Any]:
    """Return settings of a stage that somebody looks after."""
    where = f"{place.region}:{place.account_id}"
    return {
        "description": f"{subject}, as customers see it",
        "tracingEnabled": True,
        "accessLogSettings": {
            "destinationArn": f"arn:aws:logs:{where}:log-group:{subject}",
            "format": "$context.requestId",
        },
        "webAclArn": f"arn:aws:wafv2:{where}:regional/webacl/edge/0a1b2c3d",
        "methodSettings": {
            "*/*": {
                "loggingLevel": "INFO",
                "metricsEnabled": True,
                "throttlingRateLimit": 100.0,
                "throttlingBurstLimit": 50,
            }
        },
    }


def _characters(estate: Estate, cast: Cast, first_night: datetime) -> None:
    shop, payments, platform = (estate.region(each, CENTRAL) for each in (SHOP, PAYMENTS, PLATFORM))

    def follow(
        who: str,
        place: AccountRegion,
        *,
        integrations: tuple[str, ...] = ("HTTP_PROXY",),
        types: tuple[str, ...] = ("REGIONAL",),
        certificate: str | None = None,
    ) -> None:
        api = place.add_api(who, integrations=integrations, endpoint_types=types, tags={"story": who})
        place.update_api(api.id, securityPolicy=_TLS[0])
        place.add_stage(api.id, "prod", certificate_id=certificate)
        cast.stages[who] = StageKey(place.account_id, place.region, api.id, "prod")

    def certificate(name: str, place: AccountRegion, *, days_left: int) -> str:
        expires = first_night + timedelta(days=days_left)
        made = place.create_certificate(name, created_at=expires - timedelta(days=365), expires_at=expires)
        cast.certificates[name] = made.id
        return made.id

    follow("checkout", shop)
    follow("wishlist", shop, certificate=certificate("wishlist", shop, days_left=200))
    follow("newsletter", shop, integrations=("AWS_PROXY",))
    follow("giftcards", shop, certificate=certificate("giftcards", shop, days_left=5))
    follow("backoffice", shop, types=("PRIVATE",))
    follow("settlement", payments, certificate=certificate("settlement", payments, days_left=40))
    follow("blank-field", payments, certificate="")
    follow("legacy-import", payments, certificate=certificate("legacy-import", payments, days_left=120))
    own_ca = payments.add_acm_certificate("payments.internal.example.com").arn
    leaving = payments.add_acm_certificate("partners.internal.example.com").arn
    cast.certificates |= {"own-ca": own_ca, "partners": leaving}
    follow("own-ca", payments, certificate=own_ca)
    follow("partners", payments, certificate=leaving)
    follow("directory", platform, certificate=certificate("directory", platform, days_left=300))
    follow("beta-portal", platform)
    follow("unseen", estate.region(PLATFORM, WEST), certificate="q7w2e9")


def _fronts(estate: Estate, cast: Cast) -> None:
    """Give APIs that the story follows domain names, usage plans and settings, in every state."""
    shop, payments, platform = (estate.region(each, CENTRAL) for each in (SHOP, PAYMENTS, PLATFORM))
    checkout, wishlist, settlement, own_ca = (
        cast.stages[who].api_id for who in ("checkout", "wishlist", "settlement", "own-ca")
    )
    shop.add_domain_name("shop.example.com", tags={"team": "shop"})
    shop.map_api("shop.example.com", checkout, "prod", path="checkout/v1")
    shop.map_api("shop.example.com", wishlist, "prod", path="wishlist")
    shop.update_api(wishlist, disableExecuteApiEndpoint=True)
    shop.add_domain_name("www.example.com", endpoint_type="EDGE", securityPolicy="TLS_1_0")
    trusted = {"truststoreUri": "s3://payments-trust/partners.pem", "truststoreVersion": "3"}
    payments.add_domain_name("partners.example.com", mutualTlsAuthentication=trusted)
    payments.map_api("partners.example.com", settlement, "prod")
    payments.add_domain_name(
        "banks.example.com",
        routingMode="ROUTING_RULE_ONLY",
        mutualTlsAuthentication={
            **trusted,
            "truststoreWarnings": ["A certificate in the truststore has expired."],
        },
    )
    payments.add_routing_rule("banks.example.com", own_ca, "prod", priority=1, base_paths=["v1"])
    platform.add_domain_name(
        "id.example.com", securityPolicy="SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09", endpointAccessMode="BASIC"
    )
    shop.add_usage_plan("partners", stages=[(checkout, "prod")], rate_limit=50.0, burst_limit=100)
    payments.add_usage_plan("banks", stages=[(settlement, "prod")], quota={"limit": 100000, "period": "DAY"})
    payments.set_account(cloudwatch_role_arn=f"arn:aws:iam::{PAYMENTS}:role/api-gateway-logs")
    for place, api_id in ((payments, settlement), (shop, checkout)):
        place.update_stage(api_id, "prod", methodSettings={"*/*": {"loggingLevel": "ERROR"}})


def _http_apis(estate: Estate, cast: Cast) -> None:
    """Give every account HTTP and WebSocket APIs: some that are well kept, and those that the story follows."""
    log = {
        "destinationArn": "arn:aws:logs:eu-central-1:310000000001:log-group:api",
        "format": "$context.status",
    }
    kept: dict[str, Any] = {
        "description": "what customers use",
        "accessLogSettings": log,
        "defaultRouteSettings": {
            "detailedMetricsEnabled": True,
            "throttlingRateLimit": 100.0,
            "throttlingBurstLimit": 50,
        },
    }
    for account_id in ACTIVE_ACCOUNTS:
        place = estate.region(account_id, CENTRAL)
        for number, subject in enumerate(_SUBJECTS[account_id][:3]):
            api = place.add_http_api(f"{subject}-events", tags={"team": subject})
            calls = place.add_http_integration(api.id, "AWS_PROXY", integrationUri="arn:aws:lambda:events")
            secured = {} if number == 2 else {"authorizationType": "JWT", "authorizerId": "auth01"}
            place.add_route(api.id, f"POST /{subject}", integration_id=calls, **secured)
            place.add_http_stage(api.id, autoDeploy=True, **(kept if number == 0 else {}))

    def follow(who: str, account_id: str, protocol: str, key: str, kind: str, **integration: str) -> None:
        place = estate.region(account_id, CENTRAL)
        api = place.add_http_api(who, protocol, tags={"story": who})
        calls = place.add_http_integration(api.id, kind, **integration)
        route = place.add_route(api.id, key, integration_id=calls)
        place.add_http_stage(api.id, "live")
        cast.http_apis[who] = HttpKey(account_id, CENTRAL, api.id, route)

    private = "arn:aws:elasticloadbalancing:eu-central-1:310000000003:listener/app/rates/1/2"
    follow("storefront", SHOP, "HTTP", "$default", "HTTP_PROXY", integrationUri="https://shop.example.com")
    follow(
        "rates", PAYMENTS, "HTTP", "GET /rates", "HTTP_PROXY", connectionType="VPC_LINK", connectionId="link01",
        integrationUri=private,
    )  # fmt: skip
    follow("chat", PLATFORM, "WEBSOCKET", "$connect", "HTTP_PROXY", integrationUri="https://chat.example.com")
    storefront = cast.http_apis["storefront"]
    estate.region(SHOP, CENTRAL).update_http_api(
        storefront.api_id, corsConfiguration={"allowOrigins": ["*"], "allowMethods": ["GET", "POST"]}
    )
