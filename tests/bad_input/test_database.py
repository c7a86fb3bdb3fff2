"""What only a database, or writing a result, shows to be wrong: one sentence, nothing changes in either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from evaluator.catalog.loading import load_catalog
from gateledger.queries.policy_ids import PolicyUnknown, find_policy
from gateledger.terminal.exits import ExitCode
from tests.bad_input.calls import ARN
from tests.support.command_line import CommandLine, ended_with
from tests.support.refusals import assert_refused, snapshot
from tests.support.servers import EMBEDDED, Servers
from tests.unit.policies.test_policy_mistakes import LOGIC, written

STEERING = "\x1b[31m"
LONG = "x" * 50_000


@pytest.fixture(scope="module")
def shared_url(postgres_servers: Servers) -> Iterator[str]:
    """A database with its schema and nothing in it, which stays so."""
    with postgres_servers.get(EMBEDDED).database(migrated=True) as url:
        yield url


@pytest.fixture
def asking(shared_url: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Runs commands in the bare place, on that database."""
    return CommandLine(shared_url, monkeypatch)


def contents(url: str) -> dict[str, int]:
    """Return how many rows each table has."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        ).fetchall()
        counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for (table,) in tables)
        return dict(connection.execute(counts.encode()).fetchall())


NO_POLICY = ["", "nobody", "rest-api-stage-ssl-certificat", STEERING, LONG]
NO_ARN = ["", " ", "arn", ARN[:-5], ARN + "\nx" * 3, ARN.replace("apigateway", "s3"), STEERING, LONG]
CALLS = [
    *((command, arn) for command in ("history", "explain") for arn in [*NO_ARN, ARN]),
    *(
        (*command, "--policy", "nobody")
        for command in (
            ("evaluate",),
            ("evaluate", "--dry-run"),
            ("evaluate", "--backfill"),
            ("findings",),
            ("history", ARN),
            ("explain", ARN),
            ("trend",),
            ("export", "--format", "csv"),
        )
    ),
    ("accounts", "retire", "111122223333", "--yes"),
    ("accounts", "retire", "111122223333", "--yes", "--partition", "aws-cn"),
    ("accounts", "retire", "111122223333", "--yes", "--as-of", "1970-01-01"),
    ("export", "--format", "asff", "--history"),
    *(("export", "--format", "csv", "--out", out) for out in ("folder", "file/below", "no/where", LONG)),
    *(("report", "--out", out) for out in ("file", "file/below", "full", "circle", "circle/below", LONG)),
    *(("db", "dump", out) for out in ("folder", "file/below", "no/where", LONG)),
    *(("db", "restore", file) for file in ("folder", "no/where", "circle", "file", "empty", "half", LONG)),
    ("db", "roles", "--service", "gateledger", "--apply"),
    ("db", "roles", "--service", "a", "--reader", "a", "--apply"),
]


@pytest.fixture
def taken(place: Path) -> Path:
    """The place with things in it that are in the way."""
    (place / "folder").mkdir()
    (place / "file").write_text("precious")
    (place / "empty").write_text("")
    (place / "half").write_bytes(b"PGDMP\x01\x0f\x00")
    (place / "full").mkdir()
    (place / "full" / "diary.txt").write_text("dear diary")
    (place / "circle").symlink_to(place / "circle")
    return place


@pytest.mark.parametrize("arguments", CALLS, ids=lambda call: ascii(" ".join(call))[:70])
def test_a_call(arguments: tuple[str, ...], asking: CommandLine, taken: Path, shared_url: str) -> None:
    before, held = snapshot(taken), contents(shared_url)

    assert_refused(asking(*arguments), ExitCode.ERROR)
    assert snapshot(taken) == before
    assert contents(shared_url) == held


@pytest.mark.parametrize("name", NO_POLICY, ids=lambda name: ascii(name)[:30])
def test_a_policy_that_is_not_there(name: str, asking: CommandLine) -> None:
    with pytest.raises(PolicyUnknown) as caught:
        find_policy(name, [policy.id for policy in load_catalog().policies])

    for ended in (ended_with(caught.value), asking("findings", "--policy", name)):
        assert_refused(ended, ExitCode.ERROR, "no policy")


#: What loads well and fails when it is asked.
FAILING = {
    "a division by nothing": "1 / (stage.version_id - stage.version_id)",
    "text for a number": "(stage.stage_name > 5)",
    "a pattern left open": "CASE WHEN stage.stage_name ~ '(' THEN 1 END",
    "a cast that fails": "CAST('x' || stage.stage_name AS integer)",
    "two types": "(stage.version_id + stage.stage_name)",
}


@pytest.mark.parametrize("version", FAILING.values(), ids=FAILING)
@pytest.mark.parametrize("command", [("evaluate", "--dry-run"), ("policies", "test", "named")], ids=" ".join)
def test_sql_that_fails_when_it_is_asked(
    command: tuple[str, ...],
    version: str,
    asking: CommandLine,
    place: Path,
    shared_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written(place / "mine", logic_sql=LOGIC.replace("stage.version_id IS NULL", f"{version} IS NULL"))
    monkeypatch.setenv("GATELEDGER_POLICY_DIRS", str(place / "mine"))
    before, held = snapshot(place), contents(shared_url)

    ended = asking(*command)

    assert "unexpected error" not in ended.err, ended.err
    assert "Traceback" not in ended.err
    assert snapshot(place) == before
    if command[0] == "policies":
        assert ended.code == ExitCode.ERROR
        assert "/own/stages/named" in ended.out
    assert contents(shared_url) == held


def test_types_that_do_not_fit_are_told_by_the_policys_name(
    asking: CommandLine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logic = LOGIC.replace("stage.version_id IS NULL", "stage.version_id + stage.stage_name IS NULL")
    written(place / "mine", logic_sql=logic)
    monkeypatch.setenv("GATELEDGER_POLICY_DIRS", str(place / "mine"))

    ended = asking("evaluate", "--dry-run")

    assert_refused(
        ended, ExitCode.ERROR, "The logic.sql of policy /own/stages/named", "operator does not exist"
    )


@pytest.mark.parametrize(
    ("query", "hint"),
    [("sslmode=maybe", "maybe"), ("channel_binding=x", "x"), ("options=-c%20nothing%3D1", "nothing")],
)
def test_an_option_of_the_database(
    query: str, hint: str, shared_url: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = CommandLine(f"{shared_url}&{query}", monkeypatch)
    assert_refused(run("findings"), ExitCode.ERROR, hint)
    assert snapshot(place) == {}


@pytest.mark.parametrize("kind", ["empty", "a folder", "a circle"])
def test_a_hash_key(kind: str, asking: CommandLine, place: Path) -> None:
    file = place / "data" / "hash.key"
    file.parent.mkdir()
    if kind == "empty":
        file.write_text("\n")
    elif kind == "a folder":
        file.mkdir()
    else:
        file.symlink_to(file)
    before = snapshot(place)

    assert_refused(asking("worker"), ExitCode.ERROR, "hash.key")
    assert snapshot(place) == before
