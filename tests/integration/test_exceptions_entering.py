"""Entering exceptions: wrong files, one at a time, two at once, and a process that dies in the middle."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateledger.exceptions import store
from gateledger.exceptions.entry import Entry, read_moment
from gateledger.exceptions.file import ExceptionsWrong, read_file
from gateledger.exceptions.patterns import as_like, only_api
from gateledger.exceptions.store import Terms
from tests.support.command_line import CommandLine
from tests.support.histories import History
from tests.support.questions import ask

GOOD = """exceptions:
  - id: billing-legacy
    policies: ["*ssl-certificate"]
    match: {account: "111122223333"}
    reason: The backend is switched off in March.
    owner: team-billing
    until: 2027-03-31
"""
TERMS = Terms("someone@example", timedelta(days=366))


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def entry(number: int, *, until: str = "2027-03-31", **match: Any) -> Entry:
    return Entry(
        exception_id=f"exception-{number}",
        policies=("*",),
        match=match or {"account": "*"},
        statuses=("INCOMPLIANT",),
        reason="Accepted.",
        owner="team",
        ticket=None,
        start=None,
        until=read_moment(until, is_end=True),
    )


@pytest.fixture
def command_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(database_url, monkeypatch)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a\n", None, "one key `exceptions`"),
        ("exceptions: {a: b}\n", None, "one key `exceptions`"),
        (GOOD + "more: 1\n", None, "one key `exceptions`"),
        ("exceptions:\n  - just text\n", 2, "not a mapping"),
        (changed("    owner: team-billing\n", ""), 2, "`owner` is missing"),
        (changed("until: 2027-03-31", "until: soon"), 7, "`until` is 'soon', which is not a day or time"),
        (changed("until: 2027-03-31", "until: 2027-02-30"), 7, "not a day or time"),
        (changed("owner: team-billing", "owner: ''"), 6, "`owner` is empty"),
        (changed("    reason:", "    12: 3\n    reason:"), 5, "the key 12 is not text"),
        (changed("    reason:", "    expiry: 3\n    reason:"), 5, "the key `expiry` is unknown"),
        (
            changed("{account:", "{accounts:"),
            4,
            "the key `match.accounts` is unknown (known in match: account",
        ),
        (changed('"111122223333"', "111122223333"), 4, "which is not text; put it in quotes"),
        (changed('"111122223333"', '"1111"'), 4, "write the 12 digits of an account"),
        (changed('"111122223333"', '["1", "2"]'), 4, "`match.account` is ['1', '2']; write a text"),
        (changed('{account: "111122223333"}', "{}"), 4, "`match` is empty, which would cover everything"),
        (changed('{account: "111122223333"}', "{region: nowhere}"), 4, "write a region such as"),
        (changed('{account: "111122223333"}', "{arn: a1b2}"), 4, "begin it with arn:"),
        (changed('{account: "111122223333"}', "{tags: {env: 3}}"), 4, "which is not text"),
        (changed('["*ssl-certificate"]', "[]"), 3, "`policies` is empty; write at least one entry"),
        (changed('["*ssl-certificate"]', "'*'"), 3, "`policies` is '*'; write a list"),
        (
            changed('{account: "111122223333"}', "everything"),
            4,
            "`match` is 'everything'; write keys and their values",
        ),
        (changed('{account: "111122223333"}', "{tags: {Mail: x}}"), 4, "kept only as a hash"),
        (changed('{account: "111122223333"}', "{tags: {'': x}}"), 4, "a key of `match.tags` is empty"),
        (changed("reason: The", f"reason: {'x' * 2000} The"), 5, "letters; 2,000 are allowed"),
        (changed("until: 2027-03-31", "until:"), 7, "`until` is empty; write a text"),
        (changed('["*ssl-certificate"]', "[*ssl]"), 3, "alias"),
        (changed("    owner:", "    statuses: [COMPLIANT]\n    owner:"), 6, "write one of 'INCOMPLIANT'"),
        (changed("id: billing-legacy", "id: 'billing legacy; drop'"), 2, "write letters, digits"),
        (changed("    owner:", "    owner: a\n    owner:"), 7, "is there twice"),
        (changed("2027-03-31\n", "2027-03-31\n  - id: billing-legacy\n"), 8, "`policies` is missing"),
        ("exceptions: [\n", 2, "the YAML is wrong"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(
    command_line: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    text: str,
    line: int | None,
    words: str,
) -> None:
    file = tmp_path / "exceptions.yaml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("GATELEDGER_SENSITIVE_TAGS", "mail")
    ended = command_line("exceptions", "apply", str(file))
    assert (ended.code, ended.out) == (1, "")
    assert words in ended.err
    assert all(one.startswith(f"gateledger: {file}") and one.endswith(".") for one in ended.err.splitlines())
    if line is not None:
        assert f"line {line}" in ended.err.splitlines()[0]


def test_all_mistakes_are_told_at_once_and_nothing_is_written(
    command_line: CommandLine, engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "exceptions.yaml"
    more = "".join(
        f"  - id: other-{number}\n    policies: ['*']\n    match: {{account: '*'}}\n    reason: r\n"
        f"    owner: o\n    until: {until}\n"
        for number, until in enumerate(("never", "2027-01-01", "soon"))
    )
    file.write_text(GOOD + more, encoding="utf-8")
    ended = command_line("exceptions", "apply", str(file))
    assert [one.split(": ")[1] for one in ended.err.splitlines()] == [f"{file}, line 13", f"{file}, line 25"]
    file.write_text(GOOD + GOOD.partition("\n")[2], encoding="utf-8")
    assert "is that of line 2 too" in command_line("exceptions", "apply", str(file)).err
    assert ask(engine, "SELECT exception_id FROM compliance.exception_version") == []


@pytest.mark.parametrize(
    ("until", "start", "words"),
    [
        ("2026-01-01", None, "which is over"),
        ("2027-03-31", "2027-04-01", "is not later than `from`"),
        ("2029-01-01", None, "longer than 366d"),
    ],
)
def test_an_exception_has_an_end_that_is_not_over_and_not_too_late(
    command_line: CommandLine, engine: Engine, tmp_path: Path, until: str, start: str | None, words: str
) -> None:
    file = tmp_path / "exceptions.yaml"
    given = f"until: {until}" + (f"\n    from: {start}" if start else "")
    file.write_text(GOOD.replace("until: 2027-03-31", given), encoding="utf-8")
    ended = command_line("exceptions", "apply", str(file), "--as-of", "2026-12-01")
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert words in ended.err
    assert "Line 2, billing-legacy" in ended.err
    assert ask(engine, "SELECT exception_id FROM compliance.exception_version") == []


def test_a_file_may_still_hold_what_has_ended(command_line: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "exceptions.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert command_line("exceptions", "apply", str(file), "--as-of", "2026-12-01").code == 0
    ended = command_line("exceptions", "apply", str(file), "--as-of", "2027-05-01")
    assert (ended.code, ended.err) == (0, "")
    assert "1 unchanged" in ended.out


def test_nothing_is_entered_before_what_is_known(command_line: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "exceptions.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert command_line("exceptions", "apply", str(file), "--as-of", "2026-12-02").code == 0
    ended = command_line("exceptions", "end", "billing-legacy", "--as-of", "2026-12-01")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "history is only written forward" in ended.err


def test_add_show_and_end_one_at_a_time(command_line: CommandLine, engine: Engine, tmp_path: Path) -> None:
    """Given a bare stage, when one exception is added, shown and ended, then each command says what it covers."""
    history = History(engine)
    history.region().api("a1b2c3d4e5").stage("bare")
    history.night()
    at = (history.last_as_of + timedelta(hours=1)).isoformat()
    given = ("--policy", "*ssl-certificate", "--reason", "Later.", "--owner", "me", "--until", "2026-03-31")
    added = command_line("exceptions", "add", "one", *given, "--api", "orders", "--as-of", at, "--by", "ci")
    assert (added.code, added.err) == (0, "")
    assert "1 added" in added.out
    again = command_line("exceptions", "add", "one", *given, "--api", "orders", "--as-of", at)
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert "is an exception 'one' already" in again.err
    assert command_line("exceptions", "add", "two", *given, "--as-of", at).code == 1
    assert command_line("exceptions", "add", "two", *given, "--tag", "env", "--as-of", at).code == 2
    file = tmp_path / "empty.yaml"
    file.write_text("exceptions: []\n", encoding="utf-8")
    assert "0 ended" in command_line("exceptions", "apply", str(file), "--as-of", at).out
    shown = json.loads(command_line("exceptions", "show", "one", "--format", "json").out)
    assert (shown["state"], shown["covers"], shown["entered_by"]) == ("in force", 1, "ci")
    assert [(row["stage_name"], row["covered_until"]) for row in shown["covered"]] == [("bare", None)]
    assert "Covers 1 of 1 findings" in command_line("exceptions", "show", "one").out
    later = (history.last_as_of + timedelta(hours=2)).isoformat()
    assert "1 ended" in command_line("exceptions", "end", "one", "--as-of", later).out
    shown = json.loads(command_line("exceptions", "show", "one", "--format", "json").out)
    assert (shown["state"], shown["covers"]) == ("ended", 0)
    assert [row["covered_until"] for row in shown["covered"]] == ["2026-01-01T04:00:00Z"]
    assert json.loads(command_line("exceptions", "list", "--format", "json").out) == []
    for name in ("end", "show"):
        ended = command_line("exceptions", name, "nothing")
        assert (ended.code, ended.err.count("\n")) == (1, 1)


def test_findings_are_narrowed_and_failed_on_by_exception(command_line: CommandLine, engine: Engine) -> None:
    history = History(engine)
    api = history.region().api("a1b2c3d4e5")
    api.stage("bare")
    api.stage("other")
    history.night()
    at = (history.last_as_of + timedelta(hours=1)).isoformat()
    given = ("--policy", "*", "--reason", "Later.", "--owner", "me", "--until", "2026-03-31", "--as-of", at)
    pattern = "arn:aws:apigateway:*/stages/bare"

    def listed(*options: str) -> tuple[int, list[tuple[str, str | None]]]:
        ended = command_line("findings", "--status", "INCOMPLIANT", "--format", "json", *options)
        rows = json.loads(ended.out)
        return ended.code, [(row["stage_name"], row["exception_id"]) for row in rows]

    fail = ("--fail-on", "INCOMPLIANT")
    assert command_line("exceptions", "add", "one", *given, "--arn", pattern).code == 0
    assert listed(*fail) == (4, [("bare", "one"), ("other", None)])
    assert listed("--excepted", *fail) == (0, [("bare", "one")])
    assert listed("--excepted", "--include-excepted", *fail) == (4, [("bare", "one")])
    assert listed("--no-excepted", *fail) == (4, [("other", None)])
    assert listed("--as-of", at, "--no-excepted") == (0, [("other", None)])
    assert command_line("exceptions", "add", "two", *given, "--account", "*").code == 0
    assert listed(*fail)[0] == 0
    assert listed("--include-excepted", *fail)[0] == 4
    assert "certificate_empty (excepted)" in command_line("findings").out


def test_two_that_are_applied_at_once_are_one_after_the_other(engine: Engine) -> None:
    """Given two different files, when both are applied at the same time, then one of them holds, whole."""
    files = [[entry(number) for number in range(40)], [entry(number) for number in range(20, 60)]]
    problems: list[BaseException] = []

    def applying(entries: list[Entry]) -> Callable[[], None]:
        def work() -> None:
            try:
                for _ in range(3):
                    store.apply(engine, entries, TERMS)
            except BaseException as error:
                problems.append(error)

        return work

    threads = [threading.Thread(target=applying(entries)) for entries in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    live = {
        row["exception_id"]
        for row in ask(engine, "SELECT exception_id FROM report.exception WHERE ended_at IS NULL")
    }
    assert live in [{one.exception_id for one in entries} for entries in files]


KILLED = """
import os, signal, sys
from datetime import timedelta
from cmdb.server.database import open_engine
from gateledger.exceptions import store
from gateledger.exceptions.file import read_file
from pathlib import Path
before = store._end
def dying(cursor, ids, at, by):
    before(cursor, ids, at, by)
    if ids:
        os.kill(os.getpid(), signal.SIGKILL)
store._end = dying
store.apply(open_engine(sys.argv[1]), read_file(Path(sys.argv[2])), store.Terms("x", timedelta(days=366)))
"""


def test_a_kill_in_the_middle_changes_nothing(engine: Engine, database_url: str, tmp_path: Path) -> None:
    """Given an exception, when a process dies between ending it and entering another, then it is in force still."""
    file = tmp_path / "exceptions.yaml"
    file.write_text(GOOD, encoding="utf-8")
    store.apply(engine, read_file(file), TERMS)
    before = ask(engine, "SELECT * FROM compliance.exception_version")
    file.write_text(GOOD.replace("March", "April").replace("billing-legacy", "another"), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, database_url, str(file)], env=dict(os.environ), check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert ask(engine, "SELECT * FROM compliance.exception_version") == before
    changes = {one.exception_id: one.change for one in store.apply(engine, read_file(file), TERMS)}
    assert changes == {"another": "added", "billing-legacy": "ended"}


def test_patterns_mean_only_their_wildcards() -> None:
    assert as_like("a*b?c_d%e\\f") == "a%b_c\\_d\\%e\\\\f"
    assert only_api("arn:aws:apigateway:eu-*::/restapis/a1b2c3d4e5/*") == "a1b2c3d4e5"
    assert only_api("arn:aws:apigateway:*::/restapis/a1b2*/stages/x") is None
    assert only_api("*") is None


def test_a_policy_is_named_by_its_id_or_the_last_part_of_it() -> None:
    given = dataclasses.replace(entry(1), policies=("rest-api-tags", "rest-api-*", "/ce/*", "*tags", "?e"))
    assert given.patterns()["policies_like"] == ["%/rest-api-tags", "%/rest-api-%", "/ce/%", "%tags", "_e"]


def test_a_day_is_whole() -> None:
    for day in ("2027-03-31", "20270331", "2027-W13-3"):
        assert read_moment(day, is_end=True).isoformat() == "2027-04-01T00:00:00+00:00"
    assert read_moment("2027-03-31", is_end=False).isoformat() == "2027-03-31T00:00:00+00:00"
    assert read_moment("2027-03-31T12:00+02:00", is_end=True).isoformat() == "2027-03-31T10:00:00+00:00"
    with pytest.raises(ValueError, match="not a day or time"):
        read_moment("31.3.2027", is_end=True)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExceptionsWrong, match="the file is missing"):
        read_file(tmp_path / "none.yaml")


def test_what_would_be_lost_or_cannot_be_kept_is_refused(command_line: CommandLine) -> None:
    given = ("--policy", "*", "--reason", "r", "--owner", "o", "--until", "2027-03-31")
    twice = command_line("exceptions", "add", "a", *given, "--tag", "env=a", "--tag", "env=b")
    assert twice.code == 2
    assert "the tag 'env' is there twice" in twice.err
    assert command_line("findings", "--owner", "team", "--unowned").code == 2
    for arguments in (
        ("exceptions", "show", "caf\udce9"),
        ("exceptions", "add", "a", *given, "--api", "caf\udce9"),
        ("findings", "--owner", "caf\udce9"),
    ):
        other = command_line(*arguments)
        assert (other.code, other.out) == (1, "")
        assert "is not UTF-8" in other.err
