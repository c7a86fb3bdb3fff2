"""Making the whole report and putting it in its place."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine

from cmdb.storage.statistics import refresh_statistics
from evaluator.catalog.frameworks import Framework
from evaluator.catalog.policy import Policy
from gateledger.exports.directory import REPORT, building
from gateledger.report.account_page import write_account_pages
from gateledger.report.exceptions_page import write_exceptions
from gateledger.report.facts import read_facts
from gateledger.report.findings_page import write_findings
from gateledger.report.frameworks_page import frameworks_of, write_frameworks
from gateledger.report.overview import SHOWN_CHANGES, write_accounts, write_overview
from gateledger.report.owner_pages import write_owners
from gateledger.report.policy_page import write_policies
from gateledger.report.queries import asking
from gateledger.report.rendering import iso
from gateledger.report.site import Site
from gateledger.settings.model import Settings

log = logging.getLogger("gateledger.report")

#: Findings that the table lists; the CSV beside it holds all.
ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written: where, of when, how much."""

    out: Path
    as_of: datetime
    findings: int
    files: int
    size: int
    seconds: float


def write_report(
    engine: Engine,
    policies: Sequence[Policy],
    out: Path,
    *,
    frameworks: Sequence[Framework] = (),
    rows_limit: int = ROWS,
) -> Written:
    """Write the report to ``out`` in one step; a report that is there stays until the new one is whole.

    ``policies`` and ``frameworks`` are those of the catalog, for their texts and for sections that none serves.
    Raises ``NothingEvaluated`` and ``PlaceTaken``.
    """
    began = time.monotonic()
    refresh_statistics(engine)
    with building(out, REPORT) as folder:
        with asking(engine) as connection:
            facts = read_facts(connection, changed_limit=SHOWN_CHANGES + 1)
            site = Site.of(folder, facts, policies, rows_limit)
            rows = frameworks_of(site, frameworks)
            write_overview(site, connection, rows)
            write_frameworks(site, rows)
            write_policies(site, connection, {row.name: row.page for row in rows})
            write_accounts(site)
            write_account_pages(site, connection)
            write_owners(site, connection, policies)
            write_findings(site, connection)
            write_exceptions(site, connection)
        _copy_assets(folder)
        marker = {
            "generator": "gateledger report",
            "version": version("gateledger"),
            "as_of": iso(facts.as_of),
            "run_id": facts.run["run_id"],
            "items": dict(site.judged),
            "findings": facts.findings,
        }
        (folder / REPORT.marker).write_text(
            json.dumps(marker, separators=(",", ":")) + "\n", encoding="utf-8", newline="\n"
        )
        sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    written = Written(
        Path(os.path.realpath(out.expanduser())),
        facts.as_of,
        facts.findings,
        len(sizes),
        sum(sizes),
        time.monotonic() - began,
    )
    log.info(
        "report of %s written to %s",
        iso(facts.as_of),
        written.out,
        extra={"event": "report.written", "files": written.files, "bytes": written.size},
    )
    return written


def write_nightly(
    engine: Engine,
    policies: Sequence[Policy],
    settings: Settings,
    frameworks: Sequence[Framework] = (),
) -> None:
    """Write the report of a nightly run where the settings say; a failure is a warning and nothing more."""
    if settings.report_dir is None:
        return
    try:
        write_report(engine, policies, settings.report_dir, frameworks=frameworks)
    except Exception as error:  # the night's work is done and must not fail for its report
        log.warning(
            "the report could not be written to %s: %s",
            settings.report_dir,
            error,
            exc_info=log.isEnabledFor(logging.DEBUG),
            extra={"event": "report.failed", "error": type(error).__name__},
        )


def _copy_assets(folder: Path) -> None:
    with resources.as_file(resources.files("gateledger.report") / "static") as static:
        shutil.copytree(static, folder / "assets", copy_function=shutil.copyfile)
