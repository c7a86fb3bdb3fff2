"""A page for every account: how it stands, where, and what to do there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from cmdb.items import item_type
from gateledger.queries.reading import Connection
from gateledger.report.charts import Chart, told
from gateledger.report.facts import Account
from gateledger.report.overview import COMPLIANCE, EXPIRY_DAYS, compliance_lines
from gateledger.report.queries import Record, ask, grouped, stream
from gateledger.report.site import Site
from gateledger.report.tallies import Tally, total_of

#: Stages listed over all account pages together, and on one page at most: the site stays small.
ROWS_IN_ALL = 2_000
ROWS_PER_PAGE = 200
ROWS_AT_LEAST = 5
SHOWN_CERTIFICATES = 10
#: APIs listed over all account pages together, and on one page at most.
APIS_IN_ALL = 4_000
APIS_PER_PAGE = 25
APIS_AT_LEAST = 3
_KEYS = (
    "account_id", "policy_id", "region", "rest_api_id", "rest_api_name", "stage_name", "status", "condition",
    "message", "since", "resource_arn", "item_type", "owner", "exception_id",
)  # fmt: skip


def write_account_pages(site: Site, connection: Connection) -> None:
    """Write them all."""
    limit = max(ROWS_AT_LEAST, min(ROWS_PER_PAGE, ROWS_IN_ALL // max(1, len(site.accounts))))
    certificates = grouped(
        ask(connection, "account_certificates", days=EXPIRY_DAYS, limit=SHOWN_CERTIFICATES), "account_id"
    )
    scopes = grouped(site.facts.unread, "account_id")
    times = grouped([row for rows in site.facts.times.values() for row in rows], "account_id")
    most = max(APIS_AT_LEAST, min(APIS_PER_PAGE, APIS_IN_ALL // max(1, len(site.accounts))))
    apis = grouped([_api(row) for row in ask(connection, "account_apis", limit=most)], "account_id")
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
            rows_of_policies=site.by_need(account.policies),
            regions=_regions(account),
            apis=apis.get(account_id, []),
        )


def _listed(connection: Connection, limit: int) -> Iterator[tuple[str, list[Record]]]:
    """Yield accounts with the findings to list, in the order of their ids."""
    rows: Iterator[tuple[Any, ...]] = stream(connection, "account_findings", limit=limit)
    for account_id, group in groupby(rows, key=lambda row: str(row[0])):
        yield account_id, [dict(zip(_KEYS, row, strict=True)) for row in group]


def _api(row: Record) -> Record:
    """Return an API with its findings as a tally, and the title of its type."""
    tally = Tally(row["incompliant"], row["undetermined"], row["compliant"], row["inapplicable"])
    return {**row, "tally": tally, "title": item_type(row["api_type"]).title}


def _regions(account: Account) -> list[tuple[str, Tally]]:
    return [(region, total_of(policies)) for region, policies in account.regions.items()]


def _chart(site: Site, account: Account) -> Chart | None:
    days = site.facts.days
    held = days.accounts.get(account.account_id)
    if not held or len(days.points) < 2:
        return None
    lines = compliance_lines(site, held, days.points)
    if not lines:
        return None
    return Chart(
        "trend-percent",
        COMPLIANCE,
        " ".join(told(line.label, line.values, "%") for line in lines),
        days.points,
        lines,
        unit="%",
    )
