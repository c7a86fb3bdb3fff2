"""Starting a job from the command line: database, progress, summary, exit code."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from gateledger.nightly.summary import RunSummary, write_summary
from gateledger.settings.app import App
from gateledger.terminal.console import Format
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.progress import progress_for

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateledger.terminal.progress import Progress

Kind = Literal["run", "collect", "evaluate"]


def run_job(
    kind: Kind,
    app: App,
    *,
    as_of: datetime | None,
    form: Format,
    fail_on: Sequence[str] = (),
    policies: Sequence[str] | None = None,
    workers: bool | None = None,
    deadline: timedelta | None = None,
    backfilling: bool = False,
    include_excepted: bool = False,
) -> ExitCode:
    """Run the job, write its summary to stdout and return how the command ends."""
    app.override(workers=workers, deadline=deadline)
    settings = app.settings
    app.log(job=True)
    if kind != "evaluate":
        settings.check_collection()
    # The database takes a while to open, and so does loading what works on it.
    threading.Thread(target=_load_job).start()
    with app.database(upgrade_embedded=kind == "run") as engine:
        with progress_for() as progress:
            summary = _job(kind, app, engine, as_of, policies, progress, backfilling, include_excepted)
        write_summary(summary, form)
    return exit_code(summary, fail_on, include_excepted=include_excepted)


def explain_collection(app: App, *, form: Format) -> ExitCode:
    """Write what a collection would cost to stdout; ask AWS nothing and write nothing."""
    from gateledger.nightly.forecast import forecast, show
    from gateledger.nightly.job import collection_plan

    app.settings.check_collection()
    with app.database() as engine:
        return show(forecast(engine, collection_plan(app.settings)), form)


def preview_evaluation(
    app: App, *, policies: Sequence[str] | None, as_of: datetime | None, form: Format
) -> ExitCode:
    """Write to stdout which stages would change status; keep nothing."""
    from gateledger.nightly.preview import show_changes

    with app.database() as engine:
        return show_changes(engine, app.settings, policies, as_of, form)


def serve_worker(app: App, concurrency: int | None) -> None:
    """Work on what runs hand out until told to stop."""
    import logging

    from gateledger.nightly.job import collection_plan

    if app.level is None:
        # The log is all that a service shows.
        app.level = logging.INFO
    app.log(job=True)
    with app.database() as engine:
        from gateledger.workers.worker import Worker

        # What to read is the run's to say.
        Worker(engine, collection_plan(app.settings, ()), concurrency or app.settings.threads).serve()


def exit_code(
    summary: RunSummary, fail_on: Sequence[str] = (), *, include_excepted: bool = False
) -> ExitCode:
    """Return how a run ends: findings that were asked about win over an incomplete inventory.

    Those that an exception covers do not count unless ``include_excepted``; those of policies that this run
    judged for the first time, over an estate that was known, count from the next run on.
    """
    first = summary.first_judged

    def counts(status: str) -> int:
        number = summary.findings.get(status, 0) - first.findings.get(status, 0)
        if include_excepted:
            return number
        return number - summary.excepted.get(status, 0) + first.excepted.get(status, 0)

    if any(counts(str(status)) > 0 for status in fail_on):
        return ExitCode.FINDINGS
    if summary.scopes_failed:
        return ExitCode.INCOMPLETE
    return ExitCode.DONE


def _load_job() -> None:
    import gateledger.nightly.job  # noqa: F401


def _job(
    kind: Kind,
    app: App,
    engine: Engine,
    as_of: datetime | None,
    policies: Sequence[str] | None,
    progress: Progress,
    backfilling: bool,
    include_excepted: bool,
) -> RunSummary:
    from gateledger.nightly import job as nightly
    from gateledger.queries.policy_ids import resolve_policies

    if kind == "run":
        return nightly.run(
            engine, app.settings, as_of=as_of, progress=progress, include_excepted=include_excepted
        )
    if kind == "collect":
        return nightly.collect(engine, app.settings, as_of=as_of, progress=progress)
    policy_ids = resolve_policies(app.settings, engine, policies, evaluable=True)
    return nightly.evaluate(
        engine,
        app.settings,
        as_of=as_of,
        policy_ids=policy_ids,
        progress=progress,
        backfilling=backfilling,
    )
