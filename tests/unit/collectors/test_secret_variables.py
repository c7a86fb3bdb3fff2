"""Which stage variables look like secrets, and that only their names are kept."""

from __future__ import annotations

import pytest

from collectors import normalise
from collectors.secrets import looks_secret
from collectors.values import Hasher

HASHER = Hasher(b"a key of the tests")
# Put together here, so that no scanner takes this file for a leak.
AWS_KEY = "AKIA" + "QWERTYUIOP234567"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("anything", AWS_KEY),
        ("region", f"eu-west-1,{AWS_KEY}"),
        ("pem", "-----BEGIN EC " + "PRIVATE KEY-----"),
        ("ci", "ghp" + "_" + "a1B2" * 9),
        ("chat", "xoxb" + "-123456789012-abcdef"),
        ("pay", "sk" + "_live_" + "a1B2c3D4e5F6g7H8i9J0"),
        ("jwt", "eyJhbGciOiJI" + ".eyJzdWIiOiIx" + ".SflKxwRJSMeKKF2Q"),
        ("db", "postgresql://shop:" + "x9" + "@db.example.com/shop"),
        ("backend", "https://api.example.com/?api_token=" + "q7Zk29xLm3"),
        ("dbPassword", "hunter2-hunter2"),
        ("DB_PASSWORD", "Tr0ub4dor"),
        ("apiKey", "8f14e45fceea167a5a36dedd4bea2543"),
        ("client-secret", "Zx81Qp02Lm"),
    ],
)
def test_a_value_looks_like_a_secret(name: str, value: str) -> None:
    assert looks_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", "https://backend.example.com/v1?page=2"),
        ("stage", "production-2"),
        ("commit", "8f14e45fceea167a5a36dedd4bea25430a1b2c3d"),
        ("lambdaAlias", "v12"),
        ("password", ""),
        ("password", "changeme"),
        ("token", "00000000000000001"),
        ("secretArn", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-a1b2c3"),
        ("secret", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-a1b2c3"),
        ("dbPassword", "/shop/prod/db-password-2"),
        ("secretName", "shop-db-credentials-2"),
        ("token_url", "login.example.com:8443"),
        ("partitionKey", "customer1-order2"),
        ("authMode", "cognito-v2-pool1"),
        ("broken", "https://[half"),
    ],
)
def test_a_value_looks_like_no_secret(name: str, value: str) -> None:
    assert not looks_secret(name, value)


def test_names_of_both_maps_are_noted_and_nothing_of_the_values() -> None:
    stage = normalise.stage(
        "a1b2c3d4e5",
        {
            "stageName": "prod",
            "variables": {"dbPassword": "hunter2-hunter2", "url": "backend.example.com"},
            "canarySettings": {"stageVariableOverrides": {"key": AWS_KEY, "dbPassword": "hunter2-hunter2"}},
        },
        HASHER,
    )

    assert stage.derived["secret_variables"] == ("dbPassword", "key")
    assert "hunter2" not in repr(stage)
    assert AWS_KEY not in repr(stage)


@pytest.mark.parametrize(
    ("record", "noted"),
    [
        ({}, None),
        ({"variables": {}, "canarySettings": {}}, None),
        ({"variables": None, "canarySettings": None}, None),
        ({"variables": {"url": "backend.example.com"}}, ()),
    ],
)
def test_no_variables_is_something_else_than_none_that_looks_like_a_secret(
    record: dict[str, object], noted: tuple[str, ...] | None
) -> None:
    assert normalise.stage("a", {"stageName": "prod", **record}, HASHER).derived["secret_variables"] == noted
