"""Ways to spoil an answer, each knowing the answer's structure, and whether anybody could notice."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.transport import Answer

Path = tuple[str | int, ...]

#: Fields that say which thing a record is about: another text there is another thing.
IDENTITIES = frozenset(
    {
        "id",
        "stageName",
        "clientCertificateId",
        "CertificateArn",
        "Id",
        "RegionName",
        "domainName",
        "domainNameId",
        "domainNameArn",
        "position",
        "NextToken",
    }
)

_BIG = "x" * 10_000_000
_DEEP: Any = []
for _ in range(400):
    _DEEP = [_DEEP]

#: Values that stand where another was expected; ``RAW`` ones are no JSON at all and written as they are.
VALUES: tuple[tuple[str, Any], ...] = (
    ("null", None),
    ("an empty list", []),
    ("an empty object", {}),
    ("an empty text", ""),
    ("a text", "surprise"),
    ("a blank", "  "),
    ("zero", 0),
    ("a negative number", -1),
    ("true", True),
    ("a fraction", 0.5),
    ("a list of null", [None]),
    ("a list of lists", [[[]]]),
    ("an object", {"surprise": {"deep": [1, None]}}),
    ("NUL", "a\x00b"),
    ("a lone surrogate", "a\ud800b"),
    ("control characters", "a\r\n\x1b[31mb"),
    ("a path", "../../other"),
    ("a dot", "."),
    ("a text of 3,000", "y" * 3000),
    ("a text of 10 MB", _BIG),
    ("a deep list", _DEEP),
    ("a time far ahead", 10**15),
    ("a time far back", -(10**15)),
    ("a time beyond numbers", 10**400),
    ("a text for a time", "31 February"),
    ("infinity", float("inf")),
    ("no number", float("nan")),
    ("an integer of 65 bits", 2**64),
)

ACTIONS = ("replace", "remove", "add", "twice", "twice, differing", "reverse")
WHOLE = (
    ("nothing", b""),
    ("null", b"null"),
    ("a list", b"[]"),
    ("an object", b"{}"),
    ("a text", b'"x"'),
    ("a number", b"1"),
    ("HTML", b"<html><body>502 Bad Gateway</body></html>"),
    ("no UTF-8", b'{"item": "\xff\xfe"}'),
    ("a mark before", b"\xef\xbb\xbf"),
    ("noise", bytes(range(256))),
    ("deep brackets", b"[" * 200_000),
    ("an error", b'{"message": "Internal", "__type": "InternalFailure"}'),
)
STATUSES = (200, 204, 301, 400, 403, 404, 409, 413, 429, 500, 503)


@dataclass(frozen=True)
class Spoiled:
    """A way to spoil an answer; ``where`` picks one of its nodes."""

    action: str
    where: int = 0
    value: int = 0
    status: int | None = None

    def apply(self, answer: Answer) -> bool:
        """Spoil it; return whether what is lost by it could be noticed by anybody."""
        if self.status is not None:
            answer.status = self.status
        if self.action == "whole":
            name, body = WHOLE[self.value % len(WHOLE)]
            answer.body = body + answer.body if name == "a mark before" else body
            return True
        if self.action == "cut off":
            answer.body = answer.body[: self.where % max(1, len(answer.body))]
            return True
        if self.action == "keep":
            return True
        try:
            tree = json.loads(answer.body)
        except ValueError:
            return True
        tree, is_noticeable = _change(tree, self)
        answer.body = json.dumps(tree).encode("utf-8", "surrogatepass")
        return is_noticeable

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.action} {VALUES[self.value % len(VALUES)][0]} at {self.where}, status {self.status}"


spoiled = st.one_of(
    st.builds(
        Spoiled,
        st.sampled_from(ACTIONS),
        st.integers(0, 400),
        st.integers(0, len(VALUES) - 1),
    ),
    st.builds(Spoiled, st.just("whole"), st.just(0), st.integers(0, len(WHOLE) - 1)),
    st.builds(
        Spoiled,
        st.sampled_from(["whole", "keep"]),
        st.just(0),
        st.integers(0, len(WHOLE) - 1),
        st.sampled_from(STATUSES),
    ),
    st.builds(Spoiled, st.just("cut off"), st.integers(0, 5000)),
)


def nodes(tree: Any, path: Path = ()) -> list[Path]:
    """Return the paths of all nodes."""
    found = [path]
    children: Any = ()
    if isinstance(tree, dict):
        children = tree.items()
    elif isinstance(tree, list):
        children = enumerate(tree)
    for key, child in children:
        found += nodes(child, (*path, key))
    return found


def _change(tree: Any, how: Spoiled) -> tuple[Any, bool]:
    """Return the changed tree, and whether a loss could be noticed."""
    paths = nodes(tree)
    path = paths[how.where % len(paths)]
    value = deepcopy(VALUES[how.value % len(VALUES)][1])
    if not path:
        return (value, True) if how.action == "replace" else (tree, True)
    parent = at(tree, path[:-1])
    key = path[-1]
    before = parent[key]
    action: Callable[[], bool] = {
        "replace": lambda: _replace(parent, key, value),
        "remove": lambda: _remove(parent, key),
        "add": lambda: _add(before, value),
        "twice": lambda: _twice(parent, key, deepcopy(before)),
        "twice, differing": lambda: _twice(parent, key, _differing(before)),
        "reverse": lambda: _reverse(before),
    }[how.action]
    return tree, action()


def _replace(parent: Any, key: Any, value: Any) -> bool:
    before = parent[key]
    parent[key] = value
    if isinstance(before, list) and value == []:
        return False
    # A page without a position is the last one, and so is one that leads elsewhere.
    return not (key in IDENTITIES and (isinstance(value, str) or (key in {"position", "NextToken"})))


def _remove(parent: Any, key: Any) -> bool:
    del parent[key]
    return isinstance(parent, dict) and key not in {"position", "NextToken"}


def _add(before: Any, value: Any) -> bool:
    if isinstance(before, dict):
        before["surprise"] = value
    elif isinstance(before, list):
        before.append(value)
    return True


def _twice(parent: Any, key: Any, value: Any) -> bool:
    if isinstance(parent, list):
        parent.insert(key, value)
    return True


def _differing(before: Any) -> Any:
    other = deepcopy(before)
    if isinstance(other, dict):
        other["description"] = "another"
    return other


def _reverse(before: Any) -> bool:
    if isinstance(before, list):
        before.reverse()
    return True


def at(tree: Any, path: Path) -> Any:
    """Return a node."""
    for key in path:
        tree = tree[key]
    return tree
