"""A simulated AWS with two accounts, and real boto3 clients that talk to it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from simulated_aws import AccountRegion, Estate, SimulatedAws

MANAGEMENT, MEMBER = "111111111111", "222222222222"
REGION = "eu-west-1"

MakeClient = Callable[..., Any]


@pytest.fixture(scope="session")
def sdk() -> boto3.Session:
    """One session for all clients: loading service models is what costs."""
    return boto3.Session()


@pytest.fixture
def estate() -> Estate:
    made = Estate(seed="test")
    made.add_account(MANAGEMENT, "Management", management=True)
    made.add_account(MEMBER, "Member")
    return made


@pytest.fixture
def place(estate: Estate) -> AccountRegion:
    return estate.region(MANAGEMENT, REGION)


@pytest.fixture
def aws(estate: Estate) -> Iterator[SimulatedAws]:
    with SimulatedAws(estate) as running:
        yield running


@pytest.fixture
def client(aws: SimulatedAws, sdk: boto3.Session) -> Iterator[MakeClient]:
    """Make clients of an account's own user, or of assumed credentials; each call is sent once."""
    made: list[Any] = []

    def make(
        service: str,
        *,
        account: str = MANAGEMENT,
        region: str = REGION,
        credentials: dict[str, Any] | None = None,
        attempts: int = 1,
        read_timeout: float = 10,
    ) -> Any:
        own = aws.environment(account)
        given = credentials or {
            "AccessKeyId": own["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": own["AWS_SECRET_ACCESS_KEY"],
        }
        one = sdk.client(
            service,
            region_name=region,
            endpoint_url=aws.endpoint_url,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given.get("SessionToken"),
            config=Config(
                retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=read_timeout
            ),
        )
        made.append(one)
        return one

    yield make
    for each in made:
        each.close()


@pytest.fixture
def gateway(client: MakeClient) -> Any:
    return client("apigateway")
