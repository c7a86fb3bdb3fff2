"""Every answer about an account-region, spoiled in every way: right, or an explicit failure of that scope."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.snapshot import ScopeStatus
from tests.fuzz.conftest import Fuzzed
from tests.fuzz.judging import complaints
from tests.fuzz.spoiling import VALUES, Spoiled, at, nodes, spoiled
from tests.fuzz.transport import Answer, Call

#: Spoiled answers to try; without it a small fixed number, the same ones each time.
EXAMPLES = os.environ.get("GATELEDGER_FUZZ_EXAMPLES")
#: How many of the values try what stands at a place and not what it says.
_STRUCTURAL = 9
#: How many of these are tried at each place without it.
_AT_EACH = 1


def spoil_and_judge(fuzzed: Fuzzed, call: Call, how: Spoiled) -> None:
    """Read with the answers to one call spoiled; find nothing to complain about."""
    noticeable = True

    def spoil(asked: Call, answer: Answer) -> None:
        nonlocal noticeable
        if asked == call:
            noticeable = how.apply(answer)

    snapshot = fuzzed.read(spoil)
    assert complaints(snapshot, fuzzed.truth, call.operation, is_noticeable=noticeable) == [], (
        f"{call}: {how}"
    )


@settings(
    max_examples=int(EXAMPLES or 100),
    derandomize=EXAMPLES is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(which=st.integers(0, 1000), how=spoiled)
def test_a_spoiled_answer_is_right_or_fails_its_scope(fuzzed: Fuzzed, which: int, how: Spoiled) -> None:
    spoil_and_judge(fuzzed, fuzzed.calls[which % len(fuzzed.calls)], how)


def test_anything_else_in_place_of_each_list_and_object(fuzzed: Fuzzed) -> None:
    cases = 0
    for call in _one_of_each(fuzzed):
        for where in _containers(fuzzed, call):
            # At length each value at each place; else a few, so that all of them have their turn.
            tried = range(len(VALUES)) if EXAMPLES else range(cases, cases + _AT_EACH)
            for value in tried:
                one = value if EXAMPLES else value % _STRUCTURAL
                spoil_and_judge(fuzzed, call, Spoiled("replace", where, one))
                cases += 1
    assert cases > 100


def test_a_list_that_is_no_list_is_no_empty_list(fuzzed: Fuzzed) -> None:
    call = next(call for call in fuzzed.calls if call.operation == "GetRestApis")
    for body in (b'{"item": {}}', b'{"item": ""}', b'{"item": {"id": {}}}'):

        def spoil(asked: Call, answer: Answer, body: bytes = body) -> None:
            if asked == call:
                answer.body = body

        apis = fuzzed.read(spoil).readings["rest_api"]
        assert (apis.status, apis.failure and apis.failure.kind) == ("failed", "malformed"), body


def test_an_endpoint_type_that_is_no_list_is_not_taken_for_its_letters(fuzzed: Fuzzed) -> None:
    def spoil(asked: Call, answer: Answer) -> None:
        answer.body = answer.body.replace(b'"types":["PRIVATE"]', b'"types":"PRIVATE"')

    apis = fuzzed.read(spoil).readings["rest_api"]
    assert (apis.status, apis.failure and apis.failure.kind) == ("failed", "malformed")


def test_a_certificate_of_acm_that_is_nested_too_deeply_cannot_be_stored_and_is_unread(
    fuzzed: Fuzzed,
) -> None:
    """Found by many examples: 400 lists in each other passed, and storing them would have ended the run."""
    deep = b"[" * 400 + b"]" * 400

    def spoil(asked: Call, answer: Answer) -> None:
        if asked.operation == "DescribeCertificate":
            body = json.loads(answer.body)
            body["Certificate"]["InUseBy"] = "deep"
            answer.body = json.dumps(body).encode().replace(b'"deep"', deep)

    reading = fuzzed.read(spoil).readings["acm_certificate"]
    assert reading.items == []
    assert reading.failure is not None
    assert (reading.failure.kind, "nested" in reading.failure.message) == ("malformed", True)


def _one_of_each(fuzzed: Fuzzed) -> list[Call]:
    """Return the first call of each operation and page."""
    return list({(call.operation, call.page): call for call in reversed(fuzzed.calls)}.values())


def _containers(fuzzed: Fuzzed, call: Call) -> list[int]:
    """Return the numbers of the nodes of an answer that are lists or objects."""
    found: list[int] = []

    def look(asked: Call, answer: Answer) -> None:
        if asked == call and not found and answer.status == 200:
            tree = json.loads(answer.body)
            found.extend(
                number for number, path in enumerate(nodes(tree)) if isinstance(at(tree, path), dict | list)
            )

    fuzzed.read(look)
    return found


def test_the_small_estate_asks_every_operation(fuzzed: Fuzzed) -> None:
    assert {call.operation for call in fuzzed.calls} == {
        "GetRestApis",
        "GetStages",
        "GetStage",
        "GetResources",
        "GetExport",
        "GetClientCertificates",
        "GetClientCertificate",
        "DescribeCertificate",
        "v2.GetApis",
        "v2.GetStages",
        "v2.GetStage",
        "v2.GetRoutes",
        "v2.GetIntegrations",
        "GetDomainNames",
        "v2.GetApiMappings",
        "GetBasePathMappings",
        "v2.ListRoutingRules",
        "GetUsagePlans",
        "GetAccount",
    }
    assert fuzzed.truth.readings["client_certificate"].status is ScopeStatus.COMPLETE


@pytest.mark.parametrize("operation", ["GetRestApis", "GetStages", "GetClientCertificate"])
def test_an_answer_cut_off_at_every_byte(fuzzed: Fuzzed, operation: str) -> None:
    call = next(call for call in fuzzed.calls if call.operation == operation)
    sizes: list[int] = []

    def measure(asked: Call, answer: Answer) -> None:
        if asked == call:
            sizes.append(len(answer.body))

    fuzzed.read(measure)
    step = 1 if EXAMPLES else max(1, sizes[0] // 40)
    for length in range(0, sizes[0], step):
        spoil_and_judge(fuzzed, call, Spoiled("cut off", length))
