"""Who may call at all: access keys, sessions, roles, accounts and regions that are shut."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulated_aws import DEFAULT_ROLE, AccountRegion, Estate, Role, SimulatedAws

MANAGEMENT, MEMBER = "111111111111", "222222222222"
ROLE_ARN = f"arn:aws:iam::{MEMBER}:role/{DEFAULT_ROLE}"


def code_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    code: str = caught.value.response["Error"]["Code"]
    return code


def assume(client: Any, arn: str = ROLE_ARN, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = client("sts").assume_role(RoleArn=arn, RoleSessionName="nightly", **more)[
        "Credentials"
    ]
    return found


def test_an_assumed_role_sees_its_own_account(client: Any, estate: Estate) -> None:
    there = estate.region(MEMBER, "eu-west-1").add_api("theirs")
    estate.region(MANAGEMENT, "eu-west-1").add_api("ours")

    session = assume(client)

    who = client("sts", credentials=session).get_caller_identity()
    read = client("apigateway", credentials=session).get_rest_apis()["items"]
    assert who["Account"] == MEMBER
    assert who["Arn"] == f"arn:aws:sts::{MEMBER}:assumed-role/{DEFAULT_ROLE}/nightly"
    assert [each["id"] for each in read] == [there.id]


def test_keys_nobody_issued_are_unknown(client: Any) -> None:
    made_up = {"AccessKeyId": "AKIAMADEUP", "SecretAccessKey": "x"}

    assert code_of(client("apigateway", credentials=made_up).get_rest_apis) == "UnrecognizedClientException"
    assert code_of(client("sts", credentials=made_up).get_caller_identity) == "InvalidClientTokenId"
    assert code_of(client("ec2", credentials=made_up).describe_regions) == "AuthFailure"
    assert (
        code_of(client("organizations", credentials=made_up).list_accounts) == "UnrecognizedClientException"
    )
    assert code_of(client("account", credentials=made_up).list_regions) == "UnrecognizedClientException"


def test_a_session_without_its_token_is_unknown(client: Any) -> None:
    session = assume(client)
    del session["SessionToken"]

    assert code_of(client("apigateway", credentials=session).get_rest_apis) == "UnrecognizedClientException"


def test_an_expired_session_says_so_in_each_services_words(client: Any, aws: SimulatedAws) -> None:
    session = assume(client)

    assert aws.expire_sessions(MEMBER) == 1

    assert code_of(client("apigateway", credentials=session).get_rest_apis) == "ExpiredTokenException"
    assert code_of(client("sts", credentials=session).get_caller_identity) == "ExpiredToken"
    assert code_of(client("ec2", credentials=session).describe_regions) == "RequestExpired"


def test_a_session_lasts_as_long_as_asked(client: Any) -> None:
    short, longer = assume(client, DurationSeconds=900), assume(client)

    assert 2690 <= (longer["Expiration"] - short["Expiration"]).total_seconds() <= 2710
    assert code_of(assume, client=client, DurationSeconds=43201) == "ValidationError"


@pytest.mark.parametrize(
    "role", [Role("Reader", assumable=False), Role("Reader", external_id="secret"), Role("Other")]
)
def test_a_role_that_does_not_trust_the_caller_is_denied(client: Any, estate: Estate, role: Role) -> None:
    estate.set_role(MEMBER, role)

    assert code_of(assume, client=client, arn=f"arn:aws:iam::{MEMBER}:role/Reader") == "AccessDenied"


def test_an_external_id_opens_its_role(client: Any, estate: Estate) -> None:
    estate.set_role(MEMBER, Role(DEFAULT_ROLE, external_id="shared"))

    assert assume(client, ExternalId="shared")["AccessKeyId"].startswith("ASIA")


@pytest.mark.parametrize("status", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED"])
def test_no_role_of_an_account_that_is_not_active_can_be_assumed(
    client: Any, estate: Estate, status: str
) -> None:
    estate.set_status(MEMBER, status)

    assert code_of(assume, client=client) == "AccessDenied"


def test_an_account_knows_nobody_in_a_region_it_has_not_enabled(client: Any, estate: Estate) -> None:
    estate.disable_region(MANAGEMENT, "eu-west-2")

    for region in ("eu-west-2", "af-south-1", "nowhere-1"):
        assert code_of(client("apigateway", region=region).get_rest_apis) == "UnrecognizedClientException"
    assert client("apigateway", region="eu-west-3").get_rest_apis()["items"] == []


def test_regions_and_accounts_are_apart(client: Any, place: AccountRegion) -> None:
    place.add_api("here")

    assert len(client("apigateway").get_rest_apis()["items"]) == 1
    assert client("apigateway", region="eu-west-2").get_rest_apis()["items"] == []
    assert client("apigateway", account=MEMBER).get_rest_apis()["items"] == []
