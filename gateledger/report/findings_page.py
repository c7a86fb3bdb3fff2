"""The findings' table with its timelines, and the CSV beside it that holds all of them."""

from __future__ import annotations

import zipfile
from typing import Any

from gateledger.queries.reading import Connection
from gateledger.queries.statuses import Status
from gateledger.report.compact import Findings
from gateledger.report.queries import Record, ask, copied
from gateledger.report.rendering import script_json
from gateledger.report.site import Site

#: Rows that the page holds before its script has run, and for those who do without it.
STATIC_ROWS = 100
#: Intervals of a timeline and changes of a stage that the page shows, the latest ones.
INTERVALS = 60
CHANGES = 20
DATA = "data/findings.js"


def write_findings(site: Site, connection: Connection) -> None:
    """Write the page, its data and the CSV."""
    rows = ask(connection, "findings", order=[str(status) for status in Status], limit=site.rows_limit)
    csv = _write_csv(site, connection)
    data = _data(site, connection, rows)
    target = site.folder / DATA
    target.parent.mkdir(exist_ok=True)
    target.write_text(f"window.gateledgerFindings={script_json(data)};\n", encoding="ascii", newline="\n")
    site.write(
        "findings.html",
        "findings.html",
        title="Findings",
        section="findings",
        rows=rows[:STATIC_ROWS],
        listed=len(rows),
        csv=csv,
        statuses=sorted({row["status"] for row in rows}, key=list(Status).index),
        regions=sorted({row["region"] for row in rows}),
        owners=sorted({row["owner"] for row in rows if row["owner"] is not None}),
        is_excepted=any(row["exception_id"] is not None for row in rows),
        accounts=sorted({(row["account_id"], row["account_name"] or "") for row in rows}),
    )


def _data(site: Site, connection: Connection, rows: list[Record]) -> dict[str, Any]:
    findings = Findings()
    for row in rows:
        findings.add(row)
    stages = sorted({row["item_id"] for row in rows})
    shown = {(row["item_id"], row["policy_id"]) for row in rows}
    for record in ask(connection, "timelines", stages=stages):
        if (record["item_id"], record["policy_id"]) in shown:
            findings.add_record(record, INTERVALS)
    for change in ask(connection, "stage_changes", stages=stages):
        findings.add_change(change, CHANGES)
    return {
        "total": site.facts.findings,
        "asOf": site.facts.as_of.isoformat(),
        "pages": {entry.policy_id: [entry.name, entry.page] for entry in site.policies},
        "accountPages": dict(site.accounts),
        "ownerPages": dict(site.owners),
        **findings.data(),
    }


def _write_csv(site: Site, connection: Connection) -> str:
    """Write all findings as CSV, packed when they are many; return the file's name."""
    if site.facts.findings <= site.rows_limit:
        with (site.folder / "findings.csv").open("wb") as file:
            for block in copied(connection, "findings_csv"):
                file.write(block)
        return "findings.csv"
    packed = site.folder / "findings.csv.zip"
    # The same time in every report: the same findings give the same file.
    entry = zipfile.ZipInfo("findings.csv", date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with (
        zipfile.ZipFile(packed, "w") as archive,
        archive.open(entry, "w", force_zip64=True) as file,
    ):
        blocks: list[bytes | bytearray | memoryview] = []
        held = 0
        for block in copied(connection, "findings_csv"):
            blocks.append(block)
            held += len(block)
            if held >= _PACKED_AT_ONCE:
                file.write(b"".join(blocks))
                blocks, held = [], 0
        file.write(b"".join(blocks))
    return packed.name


_PACKED_AT_ONCE = 1 << 20
