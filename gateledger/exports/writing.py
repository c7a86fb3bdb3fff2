"""Writing an export to stdout or, whole or not at all, to a file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine

from gateledger.exports import asff, ocsf, parquet
from gateledger.exports.directory import EXPORT, building
from gateledger.exports.errors import ExportError
from gateledger.exports.ocsf import PolicyFacts
from gateledger.queries.reading import Connection, reading, records, stream
from gateledger.terminal.console import Format, emit
from gateledger.terminal.streams import data_on_stdout

FINDING_KEYS = (
    "finding_id",
    "policy_id",
    "policy_name",
    "severity",
    "resource_arn",
    "partition",
    "account_id",
    "account_name",
    "region",
    "rest_api_id",
    "rest_api_name",
    "stage_name",
    "client_certificate_id",
    "status",
    "condition",
    "message",
    "remediation",
    "since",
    "recorded_at",
    "episode_since",
    "first_seen_at",
    "last_seen_at",
    "resolved_at",
    "exception_id",
    "exception_until",
    "exception_reason",
    "item_type",
    "name",
    "owner",
    "served_changes",
)
HISTORY_KEYS = (
    "finding_id",
    "policy_id",
    "resource_arn",
    "partition",
    "account_id",
    "account_name",
    "region",
    "rest_api_id",
    "stage_name",
    "status",
    "condition",
    "valid_from",
    "valid_to",
    "since",
    "policy_version",
    "owner",
)


class ExportFormat(StrEnum):
    """Forms of an export."""

    OCSF = "ocsf"
    ASFF = "asff"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported: ``None`` means all; ``since``: only what changed at that time or later."""

    form: ExportFormat
    history: bool = False
    since: datetime | None = None
    statuses: Sequence[str] | None = None
    policies: Sequence[str] | None = None
    accounts: Sequence[str] | None = None
    regions: Sequence[str] | None = None
    owners: Sequence[str] | None = None

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the export queries."""
        chosen = {
            "statuses": self.statuses,
            "policies": self.policies,
            "accounts": self.accounts,
            "regions": self.regions,
            "owners": self.owners,
        }
        return {
            "since": self.since,
            "by_time": self.form is ExportFormat.PARQUET,
            **{
                name: None if given is None else [str(one) for one in given] for name, given in chosen.items()
            },
        }


def write_export(engine: Engine, export: Export, out: Path | None) -> None:
    """Write the export to ``out`` (None: stdout); the file, or the directory, appears only when it is whole.

    Raises ``ExportError`` for a form that cannot hold what is asked, or a path that cannot be written.
    """
    if export.form is ExportFormat.PARQUET:
        _write_parquet(engine, export, out)
        return
    if export.history and export.form is ExportFormat.ASFF:
        raise ExportError(
            "ASFF holds the current state of findings, not their history: leave out --history, or use --format ocsf, "
            "json or csv."
        )
    with _destination(out), reading(engine) as connection:
        name = "export_history" if export.history else "export_findings"
        rows = stream(connection, name, export.parameters())
        if export.form is ExportFormat.CSV:
            emit(rows, Format.CSV, keys=HISTORY_KEYS if export.history else FINDING_KEYS, table=())
        else:
            _lines(_objects(connection, export, rows))


def _objects(
    connection: Connection, export: Export, rows: Iterable[Mapping[str, Any]]
) -> Iterable[Mapping[str, Any]]:
    if export.form is ExportFormat.JSON:
        keys = HISTORY_KEYS if export.history else FINDING_KEYS
        return ({key: row[key] for key in keys} for row in rows)
    policies = _policies(connection)
    if export.form is ExportFormat.ASFF:
        return asff.requests(rows, policies)
    event = ocsf.event_of_record if export.history else ocsf.event_of_finding
    return (event(row, policies[row["policy_id"]]) for row in rows)


def _policies(connection: Connection) -> dict[str, PolicyFacts]:
    return {
        row["policy_id"]: PolicyFacts(
            name=row["name"],
            severity=row["severity"],
            categories=tuple(row["categories"]),
            frameworks=tuple(row["frameworks"]),
            sections=tuple(row["sections"]),
        )
        for row in records(connection, "export_policies")
    }


def _write_parquet(engine: Engine, export: Export, out: Path | None) -> None:
    """Write a directory of Parquet files: findings as OCSF events, or their history as it is in SQL."""
    if out is None:
        raise ExportError("Parquet is written to a directory: name it with --out DIR.")
    parquet.require()
    with building(out, EXPORT) as folder, reading(engine) as connection:
        name = "export_history" if export.history else "export_findings"
        rows = stream(connection, name, export.parameters())
        if export.history:
            parquet.write_history(rows, folder, export.since)
        else:
            policies = _policies(connection)
            events = (ocsf.event_of_finding(row, policies[row["policy_id"]]) for row in rows)
            parquet.write_events(events, folder, export.since)
        (folder / EXPORT.marker).write_text(
            f'{EXPORT.mark},"evaluated_at":{_evaluated_at(connection)}}}\n', encoding="utf-8"
        )


def _evaluated_at(connection: Connection) -> str:
    """Return as JSON up to when findings were judged; null: none ever was."""
    row = connection.execute("SELECT max(as_of) FROM compliance.evaluation").fetchone()
    return orjson.dumps(None if row is None else row[0], option=orjson.OPT_UTC_Z).decode()


def _lines(objects: Iterable[Mapping[str, Any]]) -> None:
    with data_on_stdout() as lines:
        for one in objects:
            lines.write(orjson.dumps(one, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE).decode())


@contextlib.contextmanager
def _destination(out: Path | None) -> Iterator[None]:
    """Send stdout to a new file beside ``out`` that takes its place at the end."""
    if out is None:
        yield
        return
    if out.is_dir():
        raise ExportError(f"{out} is a directory: give --out the name of a file.")
    if not out.parent.is_dir():
        raise ExportError(f"The directory {out.parent} does not exist: make it, or give --out another place.")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            with contextlib.redirect_stdout(file):
                yield
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
