"""Exports as Parquet, in the layout that Amazon Security Lake asks of a custom source.

``region=REGION/accountId=ACCOUNT/eventDay=YYYYMMDD/NAME.parquet``: one file for an account, a region and a day (UTC),
its rows in the order of time, compressed with Zstandard, pages of a mebibyte. pyarrow is an optional extra and is
imported here alone, when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gateledger.exports.errors import ExportError

Row = Mapping[str, Any]
#: Rows of a row group, which are held in memory until it is written; events are much larger than records.
EVENTS = 2_000
RECORDS = 20_000
#: Columns of compliance records; the region is in the path, and a table may not have it twice.
HISTORY = (
    "finding_id", "policy_id", "resource_arn", "partition", "account_id", "account_name", "rest_api_id",
    "stage_name", "status", "condition", "valid_from", "valid_to", "since", "policy_version", "item_type",
    "name", "owner",
)  # fmt: skip
_TIMES = frozenset({"valid_from", "valid_to", "since"})


def require() -> None:
    """Raise ``ExportError`` when pyarrow is not installed."""
    try:
        import pyarrow as pa  # noqa: F401
    except ImportError:
        raise ExportError(
            "Parquet needs pyarrow, which is not installed: run `pip install 'gateledger[parquet]'` and try again."
        ) from None


def write_history(rows: Iterable[Row], folder: Path, since: datetime | None) -> None:
    """Write compliance records, which come by account, region and the time when they began."""
    import pyarrow as pa

    schema = pa.schema(
        [(name, pa.timestamp("us", tz="UTC") if name in _TIMES else pa.string()) for name in HISTORY]
    )
    _write(
        ((row["account_id"], row["region"], row["valid_from"], row) for row in rows),
        folder,
        _name("finding_history", since),
        schema,
        RECORDS,
    )


def write_events(events: Iterable[Row], folder: Path, since: datetime | None) -> None:
    """Write OCSF events, which come by account, region and time."""
    _write(
        (
            (
                event["cloud"]["account"]["uid"],
                event["cloud"]["region"],
                datetime.fromtimestamp(event["time"] / 1000, UTC),
                event,
            )
            for event in events
        ),
        folder,
        _name("compliance_finding", since),
        event_schema(),
        EVENTS,
    )


def event_schema() -> Any:
    """Return the Arrow schema of the events that ``gateledger.exports.ocsf`` makes; times are milliseconds."""
    import pyarrow as pa

    text, number, time, texts = pa.string(), pa.int32(), pa.int64(), pa.list_(pa.string())

    def struct(**fields: Any) -> Any:
        return pa.struct(list(fields.items()))

    return pa.schema(
        {
            "activity_id": number, "activity_name": text, "category_uid": number, "category_name": text,
            "class_uid": number, "class_name": text, "type_uid": time, "type_name": text,
            "time": time, "start_time": time, "end_time": time,
            "severity_id": number, "severity": text, "status_id": number, "status": text,
            "message": text, "comment": text,
            "metadata": struct(
                version=text,
                profiles=texts,
                product=struct(name=text, vendor_name=text, version=text),
                uid=text,
            ),
            "cloud": struct(
                provider=text,
                region=text,
                account=struct(uid=text, type_id=number, type=text, name=text),
                cloud_partition=text,
            ),
            "compliance": struct(
                control=text, standards=texts, requirements=texts,
                status_id=number, status=text, status_code=text, status_detail=text,
            ),
            "finding_info": struct(
                uid=text, title=text, types=texts, desc=text,
                created_time=time, first_seen_time=time, last_seen_time=time, modified_time=time,
            ),
            "remediation": struct(desc=text),
            "resources": pa.list_(
                struct(
                    uid=text, name=text, type=text, region=text, cloud_partition=text,
                    group=struct(name=text, uid=text), owner=struct(name=text),
                )
            ),
            "unmapped": struct(
                status=text, condition=text, item_type=text, policy_version=text,
                client_certificate_id=text, exception_id=text, exception_until=time,
            ),
        }
    )  # fmt: skip


def _name(what: str, since: datetime | None) -> str:
    """Return a file's name: the same export again replaces it, one since a time stands beside it."""
    return what if since is None else f"{what}-since-{since.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _write(
    rows: Iterable[tuple[str, str, datetime, Row]], folder: Path, name: str, schema: Any, size: int
) -> None:
    for (account_id, region, day), part in groupby(rows, _partition):
        place = folder / f"region={quote(region, safe='')}" / f"accountId={account_id}" / f"eventDay={day}"
        place.mkdir(parents=True, exist_ok=True)
        with _file(place / f"{name}.parquet", schema) as write:
            for group in _groups((row for *_, row in part), size):
                write(group)


def _partition(row: tuple[str, str, datetime, Row]) -> tuple[str, str, str]:
    account_id, region, time, _ = row
    return account_id, region, f"{time.astimezone(UTC):%Y%m%d}"


def _groups(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


@contextmanager
def _file(path: Path, schema: Any) -> Iterator[Callable[[list[Row]], None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema, compression="zstd", data_page_size=1 << 20) as writer:
        yield lambda group: writer.write_table(pa.Table.from_pylist(group, schema=schema))
