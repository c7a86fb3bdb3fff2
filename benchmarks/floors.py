"""The least that the same machine needs for the same data: plain COPY, and the bare join."""

from __future__ import annotations

import time
from typing import Any

import orjson
from psycopg import sql

from benchmarks.estate import Estate
from benchmarks.world import World
from cmdb.server.database import transaction


def bare_copy(world: World, night: int = 0, *, keep: bool = False) -> float:
    """COPY every item's key and payload into one plain table without index; return the seconds.

    One transaction, binary, into a logged table as the product's are; making the snapshots is not counted.
    """
    seconds = 0.0
    with transaction(world.engine) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS bench")
        cursor.execute("DROP TABLE IF EXISTS bench.plain")
        cursor.execute("CREATE TABLE bench.plain (kind text, id text, name text, payload jsonb)")
        estate: Estate = world.estate()
        for number in range(0, estate.regions, 20):
            held = [estate.snapshot(one, night) for one in range(number, min(number + 20, estate.regions))]
            began = time.perf_counter()
            with cursor.copy("COPY bench.plain FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["text", "text", "text", "bytea"])
                for snapshot in held:
                    for api in snapshot.readings["rest_api"].items:
                        copy.write_row(("api", api.key, api.payload.get("name"), _jsonb(api.payload)))
                    for stage in snapshot.readings["stage"].items:
                        copy.write_row(("stage", stage.parent, stage.key, _jsonb(stage.payload)))
                    for item in snapshot.readings["client_certificate"].items:
                        copy.write_row(("certificate", item.key, None, _jsonb(item.payload)))
            seconds += time.perf_counter() - began
        began = time.perf_counter()
        connection.commit()
        seconds += time.perf_counter() - began
        if not keep:
            cursor.execute("DROP TABLE bench.plain")
    return seconds


def _jsonb(payload: dict[str, Any]) -> bytes:
    return b"\x01" + orjson.dumps(payload)


BARE_JOIN = """
SELECT v.status, count(*)
FROM (
    SELECT CASE
        WHEN s.valid_to IS NOT NULL THEN 1
        WHEN a.is_private THEN 3
        WHEN i.item_id IS NULL THEN 4
        WHEN NOT i.has_http THEN 3
        WHEN a.is_private IS NULL OR i.has_http IS NULL THEN 4
        WHEN s.client_certificate_id IS NULL OR btrim(s.client_certificate_id) = '' THEN 2
        WHEN c.certificate_id IS NULL THEN 4
        WHEN c.valid_to IS NOT NULL THEN 2
        WHEN c.valid_to IS NULL THEN 5
        ELSE 4
    END AS status
    FROM cmdb.stage AS s
    LEFT JOIN cmdb.rest_api AS a ON a.item_id = s.parent_id
    LEFT JOIN cmdb.deployment AS i
        ON i.account_region_id = s.account_region_id AND i.parent_id = s.parent_id AND i.deployment_id = s.deployment_id
    LEFT JOIN cmdb.certificate AS c
        ON c.account_region_id = s.account_region_id AND c.certificate_id = s.client_certificate_id
) AS v
GROUP BY v.status
"""


def bare_join(world: World) -> float:
    """Join the current rows, decide and count by status; return the seconds."""
    with transaction(world.engine) as connection:
        began = time.perf_counter()
        connection.execute(sql.SQL(BARE_JOIN)).fetchall()
        return time.perf_counter() - began


SETTINGS_JOIN = """
SELECT v.status, count(*)
FROM (
    SELECT CASE
        WHEN s.valid_to IS NOT NULL THEN 1
        WHEN jsonb_typeof(w.payload -> 'methodSettings') <> 'object' THEN 4
        WHEN w.payload -> 'methodSettings' -> '*/*' ->> {setting} IS NULL THEN 2
        WHEN jsonb_typeof(d.payload -> 'methods') IS DISTINCT FROM 'array' THEN 4
        WHEN s.canary_deployment_id IS NOT NULL AND jsonb_typeof(e.payload -> 'methods') IS DISTINCT FROM 'array' THEN 4
        WHEN jsonb_array_length(d.payload -> 'methods') = 0 THEN 3
        ELSE 5
    END AS status
    FROM cmdb.stage AS s
    LEFT JOIN cmdb.stage_payload AS w ON w.item_id = s.item_id
    LEFT JOIN cmdb.deployment AS i
        ON i.account_region_id = s.account_region_id AND i.parent_id = s.parent_id AND i.deployment_id = s.deployment_id
    LEFT JOIN cmdb.deployment_payload AS d ON d.digest = i.digest
    LEFT JOIN cmdb.deployment AS c
        ON c.account_region_id = s.account_region_id AND c.parent_id = s.parent_id
        AND c.deployment_id = s.canary_deployment_id
    LEFT JOIN cmdb.deployment_payload AS e ON e.digest = c.digest
) AS v
GROUP BY v.status
"""


def settings_join(world: World, setting: str) -> float:
    """Join the rows, read a setting of all methods and the methods, and count by status; return the seconds."""
    statement = sql.SQL(SETTINGS_JOIN).format(setting=sql.Literal(setting))
    with transaction(world.engine) as connection:
        began = time.perf_counter()
        connection.execute(statement).fetchall()
        return time.perf_counter() - began
