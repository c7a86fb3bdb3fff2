"""Make the dashboard of ``dashboards/gateledger.json``: ``python deploy/grafana/dashboard.py``.

Panels are built with Grafana's own SDK, whose model knows what a panel may hold. Their SQL lies in ``sql/``, a
file each; it reads the schema ``report`` alone. A test keeps the JSON equal to what this makes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    StackingMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColor,
    FieldColorModeId,
    GridPos,
    Panel,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

HERE = Path(__file__).parent
TARGET = HERE / "dashboards" / "gateledger.json"
SOURCE = DataSourceRef(type_val="grafana-postgresql-datasource", uid="gateledger")
RED, AMBER, GREEN, GREY, BLUE = "#d64a41", "#e0a526", "#3a9b66", "#b7c0cc", "#5b7fc7"
COLOURS = {
    "incompliant": RED,
    "undetermined": AMBER,
    "compliant": GREEN,
    "inapplicable": GREY,
    "excepted": BLUE,
}
FULL, HALF = 24, 12


def sql(name: str) -> str:
    """Return the SQL of a file."""
    return (HERE / "sql" / f"{name}.sql").read_text(encoding="utf-8").rstrip("\n")


@dataclass(frozen=True)
class Sql(Dataquery, Builder[Dataquery]):
    """A query to the PostgreSQL data source, for which the SDK has no model of its own."""

    name: str
    series: bool = False

    def build(self) -> Dataquery:
        """Return itself: it is its own model."""
        return self

    def to_json(self) -> dict[str, Any]:
        """Return it as the data source takes it."""
        return {
            "refId": "A",
            "datasource": SOURCE,
            "format": "time_series" if self.series else "table",
            "rawQuery": True,
            "editorMode": "code",
            "rawSql": sql(self.name),
        }


def percentages() -> dashboard.ThresholdsConfig:
    """Return colours of percentages: below 80 red, from 99 on green."""
    return (
        dashboard.ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(None, RED), Threshold(80, AMBER), Threshold(99, GREEN)])
    )


def coloured(panel: Any) -> Any:
    """Give the statuses of a panel's fields their colours."""
    for name, colour in COLOURS.items():
        fixed = FieldColor(mode=FieldColorModeId.FIXED, fixed_color=colour)
        panel.override_by_name(name, [DynamicConfigValue(id_val="color", value=fixed)])
    return panel


def shaded(panel: table.Panel, *names: str) -> table.Panel:
    """Show columns of percentages on the colour of their value."""
    steps = [{"value": None, "color": RED}, {"value": 80, "color": AMBER}, {"value": 99, "color": GREEN}]
    for name in names:
        panel.override_by_name(
            name,
            [
                DynamicConfigValue("unit", "percent"),
                DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
                DynamicConfigValue("thresholds", {"mode": "absolute", "steps": steps}),
                DynamicConfigValue("color", {"mode": "thresholds"}),
            ],
        )
    return panel


def compliance() -> stat.Panel:
    """Return the estate's percentage, with and without what is accepted."""
    return (
        stat.Panel()
        .title("Compliance")
        .description("compliant / (compliant + incompliant), now; and without what exceptions cover")
        .unit("percent")
        .decimals(2)
        .thresholds(percentages())
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("/.*/").values(False))
        .with_target(Sql("compliance"))
    )


def by_status() -> bargauge.Panel:
    """Return how many findings have each status."""
    panel = (
        bargauge.Panel()
        .title("Findings by status")
        .orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(True))
        .with_target(Sql("findings_by_status"))
    )
    made: bargauge.Panel = coloured(panel)
    return made


def matrix() -> table.Panel:
    """Return policies by accounts: a percentage for each, on the colour of its value."""
    panel = (
        table.Panel()
        .title("Policies by account")
        .description("compliant / (compliant + incompliant) now; empty where nothing could be judged")
        .unit("percent")
        .thresholds(percentages())
        .cell_options({"type": "color-background", "mode": "basic"})  # type: ignore[arg-type]
        .with_target(Sql("by_policy_and_account"))
        .with_transformation(
            DataTransformerConfig(
                id_val="groupingToMatrix",
                options={
                    "rowField": "policy",
                    "columnField": "account",
                    "valueField": "compliance",
                    "emptyValue": "empty",
                },
            )
        )
    )
    return panel.override_by_name(
        "policy\\account", [DynamicConfigValue("custom.cellOptions", {"type": "auto"})]
    )


def compliance_over_time() -> timeseries.Panel:
    """Return each policy's percentage by day."""
    return (
        timeseries.Panel()
        .title("Compliance over time")
        .unit("percent")
        .line_width(2)
        .min(0)
        .max(100)
        .with_target(Sql("compliance_over_time", series=True))
    )


def statuses_over_time() -> timeseries.Panel:
    """Return findings by status and day, stacked; those that exceptions cover are apart."""
    panel = (
        timeseries.Panel()
        .title("Findings by status over time")
        .description("Incompliant findings that an exception covers are shown as excepted")
        .line_width(1)
        .fill_opacity(60)
        .stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
        .with_target(Sql("statuses_over_time", series=True))
    )
    made: timeseries.Panel = coloured(panel)
    return made


def listed(title: str, name: str, description: str = "") -> table.Panel:
    """Return a table of what a query answers."""
    return table.Panel().title(title).description(description).show_header(True).with_target(Sql(name))


def panels() -> list[tuple[Builder[Panel], int, int]]:
    """Return the panels in their order, each with its width and height."""
    percent = ("compliance", "with exceptions")
    return [
        (compliance(), 6, 5),
        (by_status(), 7, 5),
        (listed("Last runs", "last_runs"), 11, 5),
        (
            shaded(listed("Policies", "by_policy", "How each policy stands now, worst first"), *percent),
            FULL,
            12,
        ),
        (matrix(), FULL, 12),
        (compliance_over_time(), HALF, 9),
        (statuses_over_time(), HALF, 9),
        (listed("Accounts with the most incompliant findings", "worst_accounts"), HALF, 9),
        (listed("APIs with the most incompliant findings", "worst_apis"), HALF, 9),
        (listed("Incompliant the longest", "longest"), FULL, 9),
        (listed("What the last nights changed", "changes"), FULL, 9),
        (listed("Time to remediate", "time_to_remediate"), HALF, 9),
        (
            listed("Exceptions", "exceptions", "Findings that are knowingly accepted, next to end first"),
            HALF,
            9,
        ),
        (listed("Certificates that expire within 90 days", "certificates"), HALF, 9),
        (shaded(listed("Framework sections", "frameworks"), *percent), HALF, 9),
        (listed("Scopes not collected", "scopes"), FULL, 8),
    ]


def variable(name: str, label: str, question: str) -> dashboard.QueryVariable:
    """Return a choice of several values, all at first."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(question)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(VariableOption(text=["All"], value=["$__all"]))
    )


def build() -> dict[str, Any]:
    """Return the dashboard as Grafana reads it."""
    made = (
        dashboard.Dashboard("Gateledger")
        .uid("gateledger")
        .tags(["gateledger"])
        .readonly()
        .timezone("utc")
        .time("now-30d", "now")
        .refresh("")
        .version(2)
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(
            variable("resource_type", "Judges", "SELECT DISTINCT resource_type FROM report.policy ORDER BY 1")
        )
        .with_variable(variable("policy", "Policy", sql("policies")))
        .with_variable(
            variable("account", "Account", "SELECT DISTINCT account_id FROM report.scope_health ORDER BY 1")
        )
    )
    x = y = height = 0
    for number, (panel, wide, high) in enumerate(panels(), start=1):
        if x + wide > FULL:
            x, y, height = 0, y + height, 0
        panel.id(number).datasource(SOURCE).grid_pos(GridPos(h=high, w=wide, x=x, y=y))  # type: ignore[attr-defined]
        made.with_panel(panel)
        x, height = x + wide, max(height, high)
    whole: dict[str, Any] = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    return whole


def text() -> str:
    """Return the file's content."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
