"""``gateledger demo``: the real job, night after night, against the simulated AWS."""

from __future__ import annotations

import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import Engine

from cmdb.errors import GateledgerError
from cmdb.server.database import open_engine, upgrade
from cmdb.server.embedded import lease
from collectors.calls import RetryPolicy
from gateledger.nightly import job as nightly
from gateledger.nightly.summary import RunSummary, counted
from gateledger.queries.findings import Selection, show_first
from gateledger.queries.history import show_history
from gateledger.queries.statuses import Status
from gateledger.settings.model import Settings
from gateledger.terminal.console import Format, say, short_time
from gateledger.terminal.progress import SilentProgress
from gateledger.terminal.streams import is_utf8
from simulated_aws import DEFAULT_ROLE, DemoNights, SimulatedAws, demo_nights

#: The stage whose history is shown at the end: it gets its certificate, loses it, and gets another.
TOLD_STAGE = "checkout"
SHOWN_FINDINGS = 12
SHOWN_TREND = 10
WIDTH = 110
_BAR = 40


class DirectoryInUse(GateledgerError):
    """The directory already holds a database; choose an empty one."""


class DemoSettings(Settings):
    """Settings of the demo: only what the demo itself says, nothing of the person who runs it."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic-settings calls it by these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read neither environment nor files."""
        return (init_settings,)


def run_demo(*, nights: int, keep: Path | None) -> None:
    """Run the demo and write what happens to stdout.

    ``keep`` is a directory for the database, kept afterwards; without it everything is removed at the end.
    Raises ``DirectoryInUse`` when a database is there already.
    """
    began = time.monotonic()
    with _folder(keep) as folder, lease(folder) as url:
        engine = open_engine(url)
        try:
            upgrade(engine)
            story = demo_nights(nights)
            with (
                SimulatedAws(story.estate, faults=story.faults) as aws,
                _environment(aws.environment(story.management_account_id)),
            ):
                lived = _live(engine, story, folder)
            _show(engine, story, lived)
        finally:
            engine.dispose()
    _say_what_next(keep, time.monotonic() - began)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="gateledger-demo-") as folder:
            yield Path(folder)
        return
    if (keep / "embedded").exists():
        raise DirectoryInUse(
            f"{keep} already holds a database: name an empty directory, or look at that one with "
            f"GATELEDGER_DATA_DIR={keep} gateledger findings."
        )
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Give the SDK this environment and nothing else of AWS; put the old one back afterwards."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_"):
            del os.environ[name]
    # A proxy of the person's network cannot reach a server on this machine's own loopback.
    os.environ.update({**wanted, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _live(engine: Engine, story: DemoNights, folder: Path) -> list[RunSummary]:
    given: dict[str, Any] = {
        "data_dir": folder,
        "accounts": "organization",
        "role_name": DEFAULT_ROLE,
        "hash_key": "for the demo only, nothing secret is in it",
    }
    settings = DemoSettings(**given)
    say(f"{story.nights} nights of a simulated organization, collected through boto3 over HTTP.\n")
    # The simulated AWS sets no quota and its faults do not pass by waiting: neither is worth a person's time.
    plan = replace(
        nightly.collection_plan(settings),
        quota=None,
        retries=RetryPolicy(first_pause=0.02, longest_pause=0.2),
    )
    lived = []
    for night in range(1, story.nights + 1):
        happened = story.advance(night)
        summary = nightly.run(
            engine, settings, as_of=story.as_of(night), progress=SilentProgress(), plan=plan
        )
        lived.append(summary)
        _tell_night(night, happened, summary)
    return lived


def _tell_night(night: int, happened: list[str], summary: RunSummary) -> None:
    if happened:
        say(
            textwrap.fill(
                "; ".join(happened) + ".", WIDTH, initial_indent="    by day: ", subsequent_indent="      "
            )
        )
    scopes = f", {summary.scopes_failed} scopes not read" if summary.scopes_failed else ""
    say(
        f"Night {night:>2}  {short_time(summary.as_of)}  {summary.items_seen:,} items read, "
        f"{summary.items_changed:,} changed{scopes}; new findings: {counted(summary.new) or 'none'}"
    )


def _show(engine: Engine, story: DemoNights, lived: list[RunSummary]) -> None:
    say("\nWhat is wrong now (gateledger findings --status INCOMPLIANT):\n")
    more = show_first(engine, Selection(statuses=[Status.INCOMPLIANT]), SHOWN_FINDINGS)
    if more:
        say(f"... and {more:,} more")
    key = story.stage(TOLD_STAGE)
    say("\nThe history of one stage (gateledger history ARN):\n")
    show_history(
        engine,
        f"arn:aws:apigateway:{key.region}::/restapis/{key.api_id}/stages/{key.name}",
        Format.TABLE,
    )
    say("\nThe trend, over all policies (compliant of compliant and incompliant):\n")
    step = max(1, len(lived) // SHOWN_TREND)
    for summary in lived[::-step][::-1]:
        say(_trend_line(summary))


def _trend_line(summary: RunSummary) -> str:
    good = summary.findings.get(Status.COMPLIANT, 0)
    bad = summary.findings.get(Status.INCOMPLIANT, 0)
    share = good / (good + bad) if good + bad else 0.0
    unknown = summary.findings.get(Status.UNDETERMINED, 0)
    bar = ("█" if is_utf8(sys.stdout) else "#") * round(share * _BAR)
    return f"{short_time(summary.as_of)}  {bar:<{_BAR}} {share:6.1%}, {unknown:,} undetermined"


def _say_what_next(keep: Path | None, seconds: float) -> None:
    say(f"\nThat took {seconds:.0f} seconds. With AWS credentials in the environment, the same for real:\n")
    say("    gateledger run")
    say("    gateledger findings\n")
    if keep is None:
        say("To look around in the demo's data: gateledger demo --keep DIR")
    else:
        say(f"To look around in the demo's data: GATELEDGER_DATA_DIR={keep} gateledger findings")
