"""Every answer about accounts, roles and regions, spoiled in every way: right, or an explicit failure."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.snapshot import AccountKey, AccountReading, FailureKind, ScopeStatus
from collectors.accounts import enter, list_targets
from collectors.collection import Collection
from collectors.errors import CollectionError
from tests.fuzz.conftest import MEMBER, OWN, Fuzzed
from tests.fuzz.spoiling import WHOLE, Spoiled, spoiled
from tests.fuzz.transport import Answer, Call, Spoil

EXAMPLES = os.environ.get("GATELEDGER_FUZZ_EXAMPLES")

_ELEMENT = re.compile(rb"<([A-Za-z]+)>([^<]*)</\1>")
_TEXTS = (b"", b"  ", b"surprise", b"a\x00b", b"&#0;", b"&unknown;", b"-1", b"9" * 400, b"x" * 10_000_000)


def _tried(usual: int) -> Callable[..., Callable[..., None]]:
    """Return how often a test tries."""
    return settings(
        max_examples=int(EXAMPLES or usual),
        derandomize=EXAMPLES is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def _spoil_xml(answer: Answer, action: str, where: int, text: int) -> None:
    if action == "cut off":
        answer.body = answer.body[: where % max(1, len(answer.body))]
    elif action == "whole":
        answer.body = WHOLE[text % len(WHOLE)][1]
    elif found := list(_ELEMENT.finditer(answer.body)):
        element = found[where % len(found)]
        start, end = element.span()
        inside = element.group(0)
        put = {"remove": b"", "twice": inside * 2, "reopen": inside + b"<" + element.group(1) + b">"}.get(
            action
        )
        if put is None:
            put = inside.replace(element.group(2), _TEXTS[text % len(_TEXTS)], 1)
        answer.body = answer.body[:start] + put + answer.body[end:]


def _one_sentence(error: CollectionError) -> None:
    assert "\n" not in str(error)


def _only(operation: str, spoil: Callable[[Answer], object]) -> Spoil:
    def spoiled_one(call: Call, answer: Answer) -> None:
        if call.operation == operation:
            spoil(answer)

    return spoiled_one


def _entered(fuzzed: Fuzzed, spoil: Spoil | None, account_id: str = MEMBER) -> AccountReading:
    fuzzed.wire.fresh(spoil)
    fuzzed.collection.sessions.forget(AccountKey("aws", account_id))
    stop = threading.Event()
    with_all = list_targets(fuzzed.plan, fuzzed.collection.sessions, [], stop)
    target = next(target for target in with_all if target.account.account_id == account_id)
    return enter(target, fuzzed.plan, fuzzed.collection.sessions, stop)


@_tried(60)
@given(how=spoiled)
def test_a_spoiled_list_of_accounts_is_right_or_refused(fuzzed: Fuzzed, how: Spoiled) -> None:
    noticeable = True

    def spoil(answer: Answer) -> None:
        nonlocal noticeable
        noticeable = how.apply(answer)

    fuzzed.wire.fresh(_only("ListAccounts", spoil))
    try:
        targets = list_targets(fuzzed.plan, fuzzed.collection.sessions, [], threading.Event())
    except CollectionError as error:
        _one_sentence(error)
        return
    if noticeable:
        assert {target.account.account_id for target in targets} == {OWN, MEMBER}, str(how)


@_tried(60)
@given(
    operation=st.sampled_from(["AssumeRole", "DescribeRegions"]),
    action=st.sampled_from(["cut off", "whole", "remove", "twice", "reopen", "text"]),
    where=st.integers(0, 4000),
    text=st.integers(0, 20),
)
def test_a_spoiled_answer_about_an_account_is_right_or_fails_the_account(
    fuzzed: Fuzzed, operation: str, action: str, where: int, text: int
) -> None:
    usual = set(_entered(fuzzed, None).regions)

    reading = _entered(fuzzed, _only(operation, lambda answer: _spoil_xml(answer, action, where, text)))

    if reading.status is ScopeStatus.COMPLETE:
        strange = set(reading.regions) - usual
        assert len(strange) <= 1, f"{operation}, {action}: {strange}"
        assert reading.regions
    else:
        assert reading.failure is not None
        assert "\n" not in reading.failure.message


@_tried(30)
@given(how=spoiled)
def test_a_spoiled_list_of_regions_is_right_or_fails_the_account(fuzzed: Fuzzed, how: Spoiled) -> None:
    noticeable = True

    def spoil(call: Call, answer: Answer) -> None:
        nonlocal noticeable
        if call.operation == "DescribeRegions":
            answer.status = 403
            answer.body = (
                b"<Response><Errors><Error><Code>UnauthorizedOperation</Code>"
                b"<Message>no</Message></Error></Errors></Response>"
            )
        elif call.operation == "ListRegions":
            noticeable = how.apply(answer)

    def clean(call: Call, answer: Answer) -> None:
        if call.operation != "ListRegions":
            spoil(call, answer)

    usual = _entered(fuzzed, clean).regions
    assert usual

    reading = _entered(fuzzed, spoil)

    if reading.status is ScopeStatus.COMPLETE:
        assert reading.regions
        assert len(set(reading.regions) - set(usual)) <= 1, str(how)
    else:
        assert reading.failure is not None


@_tried(20)
@given(
    action=st.sampled_from(["cut off", "whole", "remove", "twice", "reopen", "text"]),
    where=st.integers(0, 1000),
    text=st.integers(0, 20),
)
def test_a_spoiled_identity_ends_the_collection_with_one_sentence(
    fuzzed: Fuzzed, action: str, where: int, text: int
) -> None:
    fuzzed.wire.fresh(_only("GetCallerIdentity", lambda answer: _spoil_xml(answer, action, where, text)))
    try:
        Collection(fuzzed.plan).sessions.close()
    except CollectionError as error:
        _one_sentence(error)


def test_a_region_whose_status_is_told_twice_fails_the_account(fuzzed: Fuzzed) -> None:
    def spoil(answer: Answer) -> None:
        told = b"<optInStatus>opt-in-not-required</optInStatus>"
        assert told in answer.body
        answer.body = answer.body.replace(told, told * 2, 1)

    reading = _entered(fuzzed, _only("DescribeRegions", spoil))

    assert reading.status is ScopeStatus.FAILED
    assert reading.failure is not None
    assert reading.failure.kind is FailureKind.MALFORMED


@pytest.mark.parametrize("status", [301, 404, 429, 503])
def test_an_html_page_in_place_of_a_second_look_proves_nothing(fuzzed: Fuzzed, status: int) -> None:
    how = Spoiled("whole", value=[name for name, _ in WHOLE].index("HTML"), status=status)
    hidden = next(
        item.key
        for item in fuzzed.truth.readings["client_certificate"].items
        if item.payload.get("description") == "hidden"
    )

    def spoil(answer: Answer) -> None:
        how.apply(answer)
        answer.headers = {"Content-Type": "text/html"}

    certificates = fuzzed.read(_only("GetClientCertificate", spoil)).readings["client_certificate"]

    assert certificates.absent == set()
    assert set(certificates.unread) == {hidden, "ghost1", "ghost2"}
