"""Digests of scopes: what they tell to be the same, and what they ask to be compared."""

from __future__ import annotations

import pytest

from cmdb.snapshot import Reading, ScopeStatus
from cmdb.storage.compare import Differing, Work, differing
from cmdb.storage.digest import UNKNOWN, Tokens
from tests.support import items

A, B, C = b"a" * 12, b"b" * 12, b"c" * 12
STAGES = [items.stage(name, "prod", None, None, {}) for name in ("one", "two", "two", "three")]


def compared(tokens: dict[str, bytes] | None, stored: bytes | None) -> tuple[Differing | None, bytes]:
    work = Work(7, Reading(ScopeStatus.COMPLETE, items=STAGES), None, is_first=False)
    found = differing(work, stored, tokens)
    assert work.tokens is not None
    return found, work.tokens


def digest(**tokens: bytes) -> bytes:
    return Tokens.of(tokens.values()).to_bytes()


@pytest.mark.parametrize(
    "stored", [None, UNKNOWN, bytes(781), b"\x04" + bytes(11), b"\x03" + A + B, b"\x02" + A + B]
)
def test_what_has_no_known_form_says_nothing(stored: bytes | None) -> None:
    assert not Tokens(stored).are_known
    found, _ = compared({"one": A}, stored)
    assert found is not None
    assert (found.items, found.groups) == (STAGES, None)


def test_the_same_tokens_leave_nothing_to_compare() -> None:
    found, now = compared({"one": A, "two": B}, digest(one=A, two=B))
    assert found is None
    assert now == digest(one=A, two=B)


def test_another_order_leaves_nothing_to_compare_and_is_stored() -> None:
    found, now = compared({"two": B, "one": A}, digest(one=A, two=B))
    assert found is None
    assert now == digest(two=B, one=A)


def test_only_items_and_rows_of_other_tokens_are_compared() -> None:
    found, now = compared({"one": A, "two": C, "three": B}, digest(one=A, two=B))
    assert found is not None
    assert found.items == [STAGES[1], STAGES[2]]
    assert (found.groups, found.stale) == (["two"], 0)
    assert now == digest(one=A, two=C, three=B)


def test_a_token_that_nothing_has_any_longer_is_told() -> None:
    found, now = compared({"one": A}, digest(one=A, two=B, three=C))
    assert found is not None
    assert (found.items, found.groups, found.stale) == ([], [], 2)
    assert now == digest(one=A)


def test_a_scope_that_became_empty_is_known_to_be_empty() -> None:
    found, now = compared({}, digest(one=A))
    assert found is not None
    assert found.stale == 1
    assert Tokens(now).are_known
    found, _ = compared({}, now)
    assert found is None


def test_without_tokens_everything_is_compared_and_nothing_is_known_after() -> None:
    found, now = compared(None, digest(one=A))
    assert found is not None
    assert (found.items, found.groups) == (STAGES, None)
    assert now == UNKNOWN


@pytest.mark.parametrize(
    ("stored", "now", "is_unchanged"),
    [
        (A, A, True),
        (A, B, False),
        (None, A, False),
        (UNKNOWN, A, False),
        (A, None, False),
        (None, None, False),
    ],
)
def test_a_digest_of_the_whole_is_compared_and_noted(
    stored: bytes | None, now: bytes | None, is_unchanged: bool
) -> None:
    work = Work(7, Reading(ScopeStatus.COMPLETE, items=STAGES), stored, is_first=False)
    assert work.is_unchanged(now) is is_unchanged
    assert work.digest == (now or UNKNOWN)
