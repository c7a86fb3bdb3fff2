"""``gateledger export --format parquet``: the layout of Security Lake, the same values, whole or not at all."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from gateledger.exports import parquet
from gateledger.exports.writing import Export, ExportFormat, write_export
from tests.support.command_line import CommandLine
from tests.support.histories import History

HOSTILE = "<img src=x>\"'\n\u202e🙂"
MARKER = "_gateledger.json"


@pytest.fixture
def command_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(database_url, monkeypatch)


@pytest.fixture
def history(engine: Engine) -> History:
    """Three nights in two account-regions: a stage that is fixed, one that is gone, one with a hostile name."""
    history = History(engine)
    region = history.region()
    api = region.api("a1b2c3d4e5", name=HOSTILE)
    fixed = api.stage("fixed")
    api.stage("gone")
    api.stage(HOSTILE, certificate="cert01")
    region.certificate("cert01")
    history.region("044455556666", "us-east-1", None).api("b1b2c3d4e5").stage("prod")
    history.night()
    fixed.certificate = "cert01"
    history.night()
    del api.stages["gone"]
    history.night()
    return history


def files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def read(folder: Path) -> Iterator[dict[str, Any]]:
    for name in files(folder):
        if name != MARKER:
            # A file alone: pyarrow would add the partitions that its path names as columns.
            with pq.ParquetFile(folder / name) as file:
                yield from file.read().to_pylist()


def pruned(value: Any) -> Any:
    """Return a value without what is null, which JSON leaves out and columns cannot."""
    if isinstance(value, dict):
        kept = {key: pruned(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in (None, {})}
    return [pruned(one) for one in value] if isinstance(value, list) else value


def test_events_are_those_of_the_ocsf_export_by_region_account_and_day(
    history: History, command_line: CommandLine, tmp_path: Path
) -> None:
    exception = ("exceptions", "add", "x", "--policy", "*ssl-certificate", "--arn", "*/stages/prod")
    said = ("--reason", "Later.", "--owner", "us", "--until", "2026-02-01", "--as-of", "2026-01-03T03:00")
    assert command_line(*exception, *said).code == 0
    out = tmp_path / "events"
    arguments = ("--since", "2026-01-01", "--out", str(out))
    ended = command_line("export", "--format", "parquet", *arguments)
    assert (ended.code, ended.out, ended.err) == (0, "", "")

    name = "compliance_finding-since-20260101T000000Z.parquet"
    assert files(out) == [
        MARKER,
        f"region=eu-central-1/accountId=111122223333/eventDay=20260103/{name}",
        f"region=us-east-1/accountId=044455556666/eventDay=20260103/{name}",
    ]
    lines = command_line("export", "--format", "ocsf", "--since", "2026-01-01").out.splitlines()
    expected = sorted(lines, key=lambda line: str(orjson.loads(line)["metadata"]["uid"]))
    written = sorted(read(out), key=lambda event: str(event["metadata"]["uid"]))
    assert [pruned(event) for event in written] == [pruned(orjson.loads(line)) for line in expected]
    assert {event["unmapped"]["exception_id"] for event in written} == {None, "x"}


def test_history_has_every_record_in_the_order_of_time_within_a_file(
    history: History, command_line: CommandLine, tmp_path: Path
) -> None:
    out = tmp_path / "history"
    for _ in range(2):  # the second takes the place of the first
        assert command_line("export", "--format", "parquet", "--history", "--out", str(out)).code == 0

    days = [name.split("/")[2] for name in files(out) if name.startswith("region=eu-central-1")]
    assert days == ["eventDay=20260101", "eventDay=20260102", "eventDay=20260103"]
    rows = [
        {
            **row,
            **{key: str(value) for key, value in row.items() if key in ("valid_from", "valid_to", "since")},
        }
        for row in read(out)
    ]
    listed = [
        orjson.loads(line)
        for line in command_line("export", "--format", "json", "--history").out.splitlines()
    ]
    key = ("account_id", "stage_name", "policy_id", "status")
    assert sorted([[row[name] for name in key] for row in rows]) == sorted(
        [[row[name] for name in key] for row in listed]
    )
    assert {row["stage_name"] for row in rows} >= {HOSTILE, "gone"}
    metadata = pq.ParquetFile(out / next(name for name in files(out) if name != MARKER)).metadata
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    assert "region" not in metadata.schema.names


def test_what_cannot_be_is_one_sentence_and_leaves_what_was_there(
    history: History, command_line: CommandLine, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine", encoding="utf-8")
    parquet_to = ("export", "--format", "parquet")
    for arguments, words in (
        ((*parquet_to,), "name it with --out DIR"),
        ((*parquet_to, "--out", str(mine)), "holds files that are not an export of gateledger's"),
    ):
        ended = command_line(*arguments)
        assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
        assert words in ended.err
    assert files(tmp_path) == ["mine/notes.txt"]

    out = tmp_path / "out"
    assert command_line(*parquet_to, "--out", str(out)).code == 0
    before = files(tmp_path)

    def breaks(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    with command_line.monkeypatch.context() as broken:
        broken.setattr(parquet, "_groups", breaks)
        assert command_line(*parquet_to, "--out", str(out)).code == 1
    assert files(tmp_path) == before


def test_without_pyarrow_it_says_what_to_install(
    history: History, command_line: CommandLine, tmp_path: Path
) -> None:
    command_line.monkeypatch.setitem(sys.modules, "pyarrow", None)
    ended = command_line("export", "--format", "parquet", "--out", str(tmp_path / "out"))
    assert (ended.code, ended.err) == (
        1,
        "gateledger: Parquet needs pyarrow, which is not installed: run `pip install 'gateledger[parquet]'` and "
        "try again.\n",
    )
    assert files(tmp_path) == []
    assert command_line("export", "--format", "csv").code == 0


def test_memory_is_that_of_a_row_group(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given one partition of 4,000 events, when row groups hold 200 each, then so many are held at a time."""
    monkeypatch.setattr(parquet, "EVENTS", 200)
    history = History(engine)
    region = history.region()
    for number in range(20):
        api = region.api(f"api{number:07d}")
        for stage in range(100):
            api.stage(f"stage{stage}")
    history.night()
    out = tmp_path / "events"
    write_export(engine, Export(ExportFormat.PARQUET, statuses=["COMPLIANT"]), out)
    tracemalloc.start()
    try:
        write_export(engine, Export(ExportFormat.PARQUET), out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (name,) = (name for name in files(out) if name != MARKER)
    with pq.ParquetFile(out / name) as file:
        assert (file.metadata.num_rows, file.num_row_groups) == (4_000, 20)
    assert peak < 12_000_000
