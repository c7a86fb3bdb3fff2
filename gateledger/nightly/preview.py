"""``gateledger evaluate --dry-run``: which stages would change status, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Engine

from evaluator.catalog.loading import load_catalog
from evaluator.judging.preview import StatusChange, preview
from gateledger.nightly.job import chosen
from gateledger.queries.policy_ids import resolve_policies
from gateledger.settings.model import Settings
from gateledger.terminal.console import Column, Format, emit
from gateledger.terminal.exits import ExitCode

_KEYS = tuple(field.name for field in fields(StatusChange))
_TABLE = (
    Column("status_before", "was"),
    Column("status", "would be"),
    Column("condition", "because"),
    Column("resource_arn", "stage"),
    Column("account_id", "account"),
    Column("policy_id", "policy"),
)
_NARROW = (
    Column("status", "would be", lines=(("status",), ("status_before",))),
    Column("condition", "because"),
    Column("resource_arn", "stage", lines=(("resource_arn",), ("account_id",), ("policy_id",))),
)


def show_changes(
    engine: Engine, settings: Settings, policies: Sequence[str] | None, as_of: datetime | None, form: Format
) -> ExitCode:
    """Write the changes of status that an evaluation of these policies (None: all) would bring."""
    policy_ids = resolve_policies(settings, engine, policies, evaluable=True)
    catalog = load_catalog(settings.policy_dirs, settings.policy_parameters)
    rows = [
        asdict(change)
        for policy in chosen(catalog, policy_ids, settings)
        for change in preview(
            engine,
            policy,
            as_of=as_of,
            max_staleness=settings.max_staleness,
            parameters=settings.parameters_of(policy.id),
            statement_timeout=settings.statement_timeout,
        )
    ]
    emit(rows, form, keys=_KEYS, table=_TABLE, narrow=_NARROW)
    return ExitCode.DONE
