"""What was not read is grouped by cause, whatever account, region, operation or id stands in the sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateledger.queries.causes import by_cause

OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
REASON = "with an explicit deny in a service control policy"


def denied(account: str, region: str, operation: str, item_type: str, prefix: str = "") -> dict[str, Any]:
    return {
        "account_id": account,
        "region": region,
        "item_type": item_type,
        "status": "failed",
        "failure_kind": "denied",
        "operation": operation,
        "last_success_at": OLD if region.startswith("us") else NEW,
        "error": f"{prefix}{operation} was denied (AccessDeniedException: User: "
        f"arn:aws:sts::{account}:assumed-role/Reader/gateledger is not authorized to perform: apigateway:GET "
        f"on resource: arn:aws:apigateway:{region}::/restapis {REASON}).",
    }


def test_a_region_that_is_denied_everywhere_is_one_line() -> None:
    """Given 4 item types in 2 accounts and 3 regions, all denied by one policy, one line says so."""
    scopes = [
        denied(account, region, operation, item_type, prefix)
        for account in ("111122223333", "444455556666")
        for region in ("us-east-1", "us-west-2", "eu-west-1")
        for operation, item_type, prefix in (
            ("GetRestApis", "rest_api", ""),
            ("GetRestApis", "stage", "The REST APIs could not be listed: "),
            ("GetRestApis", "deployment", "The REST APIs could not be listed: "),
            ("GetClientCertificates", "client_certificate", ""),
        )
    ]
    [cause] = by_cause(scopes)
    assert (cause.scopes, cause.oldest) == (24, OLD)
    line = cause.line()
    assert line.startswith(
        "24 scopes in 2 accounts, 3 regions, 4 item types (failed): "
        "GetClientCertificates, GetRestApis were denied"
    )
    assert REASON in cause.as_object()["cause"]
    assert "111122223333" not in line
    assert len(line) < 300
    assert cause.as_object()["regions"] == ["eu-west-1", "us-east-1", "us-west-2"]


def test_a_cause_begins_where_its_operation_failed_not_where_aws_names_the_action() -> None:
    said = (
        "AssumeRole was denied (AccessDenied: User: arn:aws:iam::111122223333:user/x is not authorized to perform: "
        "sts:AssumeRole on resource: arn:aws:iam::444455556666:role/nope)."
    )
    scope = denied("444455556666", "global", "AssumeRole", "account") | {"error": said}
    [cause] = by_cause([scope])
    assert cause.text().startswith("AssumeRole was denied (AccessDenied: User: ")


def test_words_of_aws_that_name_the_operation_again_do_not_begin_the_sentence() -> None:
    """Given a role that may not be assumed in two accounts, the cause is whole."""
    scopes = [
        {
            **denied(account, "us-east-1", "AssumeRole", "rest_api"),
            "error": f"AssumeRole was denied (AccessDenied: User: arn:aws:iam::999988887777:user/x is not "
            f"authorized to perform: sts:AssumeRole on resource: arn:aws:iam::{account}:role/reader).",
        }
        for account in ("111122223333", "444455556666")
    ]
    [cause] = by_cause(scopes)
    assert cause.line() == (
        "2 scopes in 2 accounts, us-east-1, rest_api (failed): AssumeRole was denied (AccessDenied: User: * is not "
        "authorized to perform: sts:AssumeRole on resource: *)."
    )


def test_answers_that_cannot_be_trusted_are_one_cause_of_all_their_operations() -> None:
    scopes = [
        {
            **denied("111122223333", "us-east-1", operation, item_type),
            "error": f"The answer to {operation} cannot be trusted: it is cut off (tried 4 times).",
        }
        for operation, item_type in (("GetRestApis", "rest_api"), ("GetAccount", "account_settings"))
    ]
    [cause] = by_cause(scopes)
    assert (
        cause.text()
        == "GetAccount, GetRestApis were answered in a way that cannot be trusted: it is cut off."
    )


def test_one_scope_is_named_and_different_causes_stay_apart() -> None:
    other = denied("111122223333", "us-east-1", "GetStages", "stage")
    other |= {
        "failure_kind": "throttled",
        "error": "GetStages was throttled (tried 10 times).",
        "status": "partial",
    }
    first, second = by_cause([denied("111122223333", "us-east-1", "GetRestApis", "rest_api"), other])
    assert first.line().startswith("111122223333 us-east-1 rest_api (failed): GetRestApis was denied")
    assert second.line() == "111122223333 us-east-1 stage (partial): GetStages was throttled."


def test_tries_and_calls_not_made_make_no_other_cause() -> None:
    once = denied("111122223333", "us-east-1", "GetStages", "stage")
    scopes = [
        {**once, "error": f"{count} REST APIs whose stages could not be read; the first because: {sentence}"}
        for count, sentence in (
            (2, "GetStages could not connect in time (tried 4 times)."),
            (9, "GetStages could not connect in time (tried 3 times); the calls after it were not made."),
        )
    ]
    [cause] = by_cause(scopes)
    assert cause.text() == "GetStages could not connect in time."


def test_a_scope_that_was_never_read_is_the_oldest() -> None:
    read = denied("111122223333", "us-east-1", "GetStages", "stage")
    [cause] = by_cause([read, {**read, "last_success_at": None}, read])
    assert cause.oldest is None


def test_what_would_steer_a_terminal_is_escaped() -> None:
    scope = denied("111122223333", "us-east-1", "GetStages", "stage") | {"error": "GetStages \x1b[31m"}
    [cause] = by_cause([scope])
    assert "\x1b" not in cause.line()
