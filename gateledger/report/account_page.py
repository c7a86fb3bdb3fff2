"""A page for every account: how it stands, where, and what to do there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from gateledger.queries.reading import Connection
from gateledger.report.charts import Chart, percent_series, told
from gateledger.report.facts import Account
from gateledger.report.overview import EXPIRY_DAYS
from gateledger.report.queries import Record, ask, grouped, stream
from gateledger.report.site import Site

#: Stages listed over all account pages together, and on one page at most: the site stays small.
ROWS_IN_ALL = 2_000
ROWS_PER_PAGE = 200
ROWS_AT_LEAST = 5
SHOWN_CERTIFICATES = 10
_KEYS = (
    "account_id", "policy_id", "region", "rest_api_id", "rest_api_name", "stage_name", "status", "condition",
    "message", "since", "owner", "exception_id",
)  # fmt: skip


def write_account_pages(site: Site, connection: Connection) -> None:
    """Write them all."""
    limit = max(ROWS_AT_LEAST, min(ROWS_PER_PAGE, ROWS_IN_ALL // max(1, len(site.accounts))))
    certificates = grouped(
        ask(connection, "account_certificates", days=EXPIRY_DAYS, limit=SHOWN_CERTIFICATES), "account_id"
    )
    scopes = grouped(site.facts.unread, "account_id")
    times = grouped([row for rows in site.facts.times.values() for row in rows], "account_id")
    listed = _listed(connection, limit)
    at = next(listed, None)
    for account_id, page in site.accounts.items():  # in the order of the account ids, as the stream is
        while at is not None and at[0] < account_id:
            at = next(listed, None)
        rows = at[1] if at is not None and at[0] == account_id else []
        account = site.facts.accounts[account_id]
        site.write(
            page,
            "account.html",
            title=f"Account {account.name or account_id}",
            section="accounts",
            account=account,
            rows=rows,
            more=account.total.incompliant + account.total.undetermined - len(rows),
            certificates=certificates.get(account_id, []),
            scopes=scopes.get(account_id, []),
            times={row["policy_id"]: row for row in times.get(account_id, [])},
            chart=_chart(site, account),
        )


def _listed(connection: Connection, limit: int) -> Iterator[tuple[str, list[Record]]]:
    """Yield accounts with the findings to list, in the order of their ids."""
    rows: Iterator[tuple[Any, ...]] = stream(connection, "account_findings", limit=limit)
    for account_id, group in groupby(rows, key=lambda row: str(row[0])):
        yield account_id, [dict(zip(_KEYS, row, strict=True)) for row in group]


def _chart(site: Site, account: Account) -> Chart | None:
    days = site.facts.days
    held = days.accounts.get(account.account_id)
    if not held or len(days.points) < 2:
        return None
    lines = [
        percent_series(
            entry.short,
            f"line-{number % 6 + 1}",
            [held.get(entry.policy_id, {}).get(day) for day in days.points],
        )
        for number, entry in enumerate(site.policies)
        if entry.policy_id in held
    ]
    lines = [line for line in lines if any(value is not None for value in line.values)]
    if not lines:
        return None
    return Chart(
        "trend-percent",
        "Compliance by policy",
        " ".join(told(line.label, line.values, "%") for line in lines),
        days.points,
        lines,
        unit="%",
    )
