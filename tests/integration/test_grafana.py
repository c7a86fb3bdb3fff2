"""Grafana's dashboard: every question in it is asked of the views, as the reader that Grafana logs in as."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from cmdb.server.database import open_engine
from tests.support.reports import hostile_history
from tests.support.servers import EMBEDDED, Servers

GRAFANA = Path(__file__).parents[2] / "deploy/grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards/gateledger.json").read_text(encoding="utf-8"))
#: What Grafana makes of its macros and variables: a time range, and a quoted list of what was chosen.
RANGE = ("2025-12-01T00:00:00Z", "2026-02-01T00:00:00Z")


def substituted(sql: str, chosen: dict[str, list[str]]) -> str:
    """Return a panel's SQL as Grafana sends it."""
    sql = re.sub(
        r"\$__timeFilter\(([^()]*(?:\([^()]*\))?[^()]*)\)", rf"\1 BETWEEN '{RANGE[0]}' AND '{RANGE[1]}'", sql
    )
    for name, values in chosen.items():
        sql = sql.replace(f"${name}", ",".join(f"'{value}'" for value in values))
    assert "$" not in sql, sql
    return sql


@pytest.fixture(scope="module")
def reader(postgres_servers: Servers) -> Any:
    """A connection that may do what Grafana's login may do."""
    with postgres_servers.get(EMBEDDED).database(migrated=True) as url:
        engine = open_engine(url)
        hostile_history(engine)
        engine.dispose()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET ROLE gateledger_reader")
            yield connection


def test_every_question_is_answered(reader: psycopg.Connection[tuple[Any, ...]]) -> None:
    """All variables chosen, every panel's SQL runs as the reader and has something to tell."""
    chosen: dict[str, list[str]] = {}
    for variable in DASHBOARD["templating"]["list"]:
        question = substituted(variable["query"], chosen)
        chosen[variable["name"]] = [str(row[0]) for row in reader.execute(question.encode())]
    assert all(chosen.values())
    asked = 0
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            rows = reader.execute(substituted(target["rawSql"], chosen).encode()).fetchall()
            assert rows, panel["title"]
            asked += 1
    assert asked >= 16


def test_the_file_is_what_its_maker_makes() -> None:
    """Given the SDK, whose model refuses what no panel holds, then the dashboard is what deploy/grafana makes."""
    maker = runpy.run_path(str(GRAFANA / "dashboard.py"), run_name="maker")
    assert maker["text"]() == maker["TARGET"].read_text(encoding="utf-8")
    used = {path.stem for path in (GRAFANA / "sql").iterdir()}
    assert {name for name in used if json.dumps(maker["sql"](name)) not in json.dumps(DASHBOARD)} == set()


def test_time_series_begin_with_a_time(reader: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Grafana wants a column called time, of a time's type."""
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            if target["format"] == "time_series":
                sql = substituted(target["rawSql"], {"policy": ["x"], "account": ["x"]})
                described = reader.execute(sql.encode()).description
                assert described is not None
                assert (described[0].name, described[0].type_code) == ("time", 1184)


def test_the_dashboard_and_its_source_belong_together() -> None:
    """Panels ask the provisioned source; none overlaps another; ids are their own."""
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/gateledger.yaml").read_text())[
        "datasources"
    ][0]
    panels = DASHBOARD["panels"]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    assert {panel["datasource"]["type"] for panel in panels} == {source["type"]}
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert source["secureJsonData"]["password"].startswith("$")


def test_the_login_can_read_the_views_and_nothing_else(
    reader: psycopg.Connection[tuple[Any, ...]],
) -> None:
    """As the login's group: no other schema, no write."""
    for statement in ("SELECT count(*) FROM cmdb.stage", "DELETE FROM report.run"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement.encode())


def test_compose_starts_it_only_when_asked() -> None:
    """Both services stand behind the profile and listen on this machine alone."""
    services = yaml.safe_load((GRAFANA.parents[1] / "docker-compose.yml").read_text())["services"]
    for name in ("grafana", "grafana-reader"):
        assert services[name]["profiles"] == ["grafana"]
        for volume in services[name]["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (GRAFANA.parents[1] / source).exists()
    assert services["grafana"]["ports"] == ["127.0.0.1:3000:3000"]
