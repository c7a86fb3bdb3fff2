"""The report without a browser: its numbers, its files, and how it takes the place of an old one."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from cmdb.server.database import open_engine
from gateledger.exports import directory as place
from gateledger.exports.directory import REPORT, PlaceTaken, building
from gateledger.queries.emptiness import NothingEvaluated
from gateledger.queries.statuses import Status
from gateledger.report import build
from gateledger.report.build import write_nightly, write_report
from gateledger.report.facts import read_facts
from gateledger.report.queries import ask, asking
from gateledger.report.rendering import SECURITY_POLICY
from gateledger.report.tallies import SHOWN
from gateledger.settings.model import Settings
from tests.support.histories import History, catalog
from tests.support.reports import ACCOUNTS, FORMULA, HOSTILE, IMG, SCRIPT, hostile_history, written
from tests.support.servers import EMBEDDED, Servers, scratch_folder

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
SSL_PAGE = "policies/rest-api-stage-ssl-certificate.html"


@pytest.fixture(scope="module")
def lived(postgres_servers: Servers) -> Iterator[Engine]:
    """A database with five nights of nasty names; read only."""
    with postgres_servers.get(EMBEDDED).database(migrated=True) as url:
        engine = open_engine(url)
        hostile_history(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def site(lived: Engine) -> Iterator[Path]:
    with scratch_folder() as folder:
        yield written(lived, folder / "site")


def asked(engine: Engine, question: str) -> list[tuple[Any, ...]]:
    """Return the rows of a question."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(question))]


class Words(HTMLParser):
    """The text of a page's main part, element by element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.partition("<main")[2])

    def handle_data(self, data: str) -> None:
        self.found += [data.strip()] if data.strip() else []


def words(site: Path, page: str) -> str:
    """Return a page's text, its pieces parted by one space."""
    return " ".join(Words((site / page).read_text(encoding="utf-8")).found)


def chart_of(site: Path, page: str, name: str) -> dict[str, Any]:
    """Return the data of a chart."""
    figure = (site / page).read_text(encoding="utf-8").partition(f'data-chart="{name}"')[2]
    data = figure.partition('<script type="application/json">')[2].partition("</script>")[0]
    return dict(json.loads(data))


def heat(site: Path) -> dict[str, list[str]]:
    """Return the cells of the overview's table by the policy's page, then by account in the order of columns."""
    table = (
        (site / "index.html")
        .read_text(encoding="utf-8")
        .partition('class="heatmap"')[2]
        .partition("</table>")[0]
    )
    found = {}
    for row in table.split("<tr>")[1:]:
        page = re.search(r'href="(policies/[^"]+)"', row)
        if page is not None:
            cells = re.findall(r'<td class="heat (\w+)">(.*?)</td>', row, re.S)
            found[page.group(1)] = [f"{tone} {re.sub(r'<[^>]+>', '', cell).strip()}" for tone, cell in cells]
    return found


def test_the_headline_numbers_are_those_of_the_views(lived: Engine, site: Path) -> None:
    """Each policy in each account: percentages, cut off, and what is undetermined, as SQL tells them."""
    told, cells = words(site, "index.html"), heat(site)
    sums = "sum(compliant), sum(incompliant), sum(undetermined)"
    day = "FROM report.compliance_daily WHERE day = '2026-01-05'"
    rows = asked(lived, f"SELECT policy_id, '' AS account_id, {sums} {day} GROUP BY 1")
    rows += asked(lived, f"SELECT policy_id, account_id, {sums} {day} GROUP BY 1, 2")
    for policy_id, account_id, compliant, incompliant, undetermined in rows:
        own = cells[f"policies/{policy_id.rsplit('/', 1)[-1]}.html"]
        cell = own[["", *ACCOUNTS].index(account_id)]
        judged = compliant + incompliant
        assert cell.split()[1] == (f"{100 * compliant // judged}%" if judged else "–")
        assert ("undetermined" in cell) == (undetermined > 0)
    [(stages, accounts)] = asked(
        lived, "SELECT count(DISTINCT item_id), count(DISTINCT account_id) FROM report.finding"
    )
    assert f"{stages} REST API stages in {accounts} accounts, judged by 2 policies." in told
    [(compliant, judged)] = asked(
        lived,
        "SELECT count(*) FILTER (WHERE status = 'COMPLIANT'), count(*) FROM report.finding "
        "WHERE status IN ('COMPLIANT', 'INCOMPLIANT')",
    )
    assert f"Posture now {100 * compliant / judged:.2f}% compliant, over all policies" in told


def test_forty_accounts_share_a_table_and_the_worst_have_columns(engine: Engine, tmp_path: Path) -> None:
    """Given more accounts than columns, then the others are one column, which still counts all of them; and a
    framework's page tells which sections nothing serves."""
    history = History(engine)
    for number in range(13):
        region = history.region(f"{number + 1:012}", account_name=f"account {number}")
        api = region.api("a1b2c3d4e5")
        region.certificate("cert01")
        api.stage("fine", certificate="cert01")
        for bare in range(number):
            api.stage(f"bare{bare}")
    history.night()
    site = written(engine, tmp_path / "out")
    cells = heat(site)["policies/rest-api-stage-ssl-certificate.html"]
    assert len(cells) == 12
    assert cells[:2] == ["h0 14%", "h0 7%"]
    assert cells[-1] == "h1 50%"
    told = words(site, "index.html")
    assert "3 others" in told
    (page,) = (site / "frameworks").glob("aws-foundational*.html")
    framework = words(site, page.relative_to(site).as_posix())
    assert "1 of its 9 sections about API Gateway are served" in framework
    assert (
        "should be configured to use SSL certificates for backend authentication rest-api-stage-ssl-certificate 78"
        in framework
    )
    assert framework.count("Not served") == 8


def test_an_account_page_rolls_its_apis_up(lived: Engine, site: Path) -> None:
    told = words(site, f"accounts/{ACCOUNTS[0]}.html").partition(" APIs ")[2]
    [(incompliant, undetermined, policies)] = asked(
        lived,
        "SELECT sum(incompliant), sum(undetermined), count(*) FILTER (WHERE incompliant > 0) "
        f"FROM report.api_compliance WHERE account_id = '{ACCOUNTS[0]}'",
    )
    assert f"REST API a1b2c3d4e5 eu-central-1 {incompliant} {undetermined} {policies} " in told


def test_the_trend_is_that_of_the_views(lived: Engine, site: Path) -> None:
    chart = chart_of(site, SSL_PAGE, "trend-status")
    lines = {line["label"]: line["values"] for line in chart["series"]}
    rows = asked(
        lived,
        "SELECT compliant, incompliant, inapplicable FROM report.compliance_daily_total "
        f"WHERE policy_id = '{SSL}' ORDER BY day",
    )
    assert len(rows) == 5
    assert [
        tuple(row)
        for row in zip(lines["compliant"], lines["incompliant"], lines["inapplicable"], strict=True)
    ] == rows


LONGEST = """
SELECT policy_id, resource_arn FROM (
    SELECT policy_id, resource_arn, row_number() OVER (
        PARTITION BY policy_id
        ORDER BY episode_since, account_id, region, rest_api_id, stage_name, resource_arn
    ) AS place
    FROM report.finding WHERE status = 'INCOMPLIANT'
) AS f WHERE place <= :limit ORDER BY policy_id, place
"""
WORST = """
SELECT policy_id, resource_arn FROM report.finding
ORDER BY array_position(ARRAY['INCOMPLIANT', 'UNDETERMINED', 'COMPLIANT', 'INAPPLICABLE', 'DISAPPEARED'], status),
         since, account_id, region, rest_api_id, stage_name, policy_id
LIMIT :limit
"""
OF_ACCOUNTS = """
SELECT policy_id, resource_arn FROM (
    SELECT policy_id, resource_arn, account_id, row_number() OVER (
        PARTITION BY account_id ORDER BY status, since, item_id, policy_id
    ) AS place
    FROM report.finding WHERE status IN ('INCOMPLIANT', 'UNDETERMINED')
) AS f WHERE place <= :limit ORDER BY account_id, place
"""


@pytest.mark.parametrize("limit", [1, 3, 10_000])
@pytest.mark.parametrize(
    ("question", "plainly"),
    [("longest", LONGEST), ("findings", WORST), ("account_findings", OF_ACCOUNTS)],
)
def test_what_is_ranked_by_keys_is_ranked_as_by_names(
    lived: Engine, question: str, plainly: str, limit: int
) -> None:
    order = [str(status) for status in Status]
    with asking(lived) as connection:
        rows = ask(connection, question, limit=limit, order=order)

    with lived.connect() as connection:
        expected = [tuple(row) for row in connection.execute(text(plainly), {"limit": limit})]
    assert [(row["policy_id"], row["resource_arn"]) for row in rows] == expected
    assert expected


def test_days_of_accounts_are_those_of_the_view(lived: Engine) -> None:
    with asking(lived) as connection:
        days = read_facts(connection, changed_limit=1).days

    found = {
        (day, policy_id, account_id, *(tally.of(status) for status in SHOWN))
        for account_id, policies in days.accounts.items()
        for policy_id, tallies in policies.items()
        for day, tally in tallies.items()
    }
    expected = {
        row
        for row in asked(
            lived,
            "SELECT day, policy_id, account_id, sum(incompliant), sum(undetermined), sum(compliant), "
            "sum(inapplicable) FROM report.compliance_daily GROUP BY day, policy_id, account_id",
        )
        if row[0] in days.points
    }
    assert found == expected
    assert len({row[0] for row in found}) > 2


def test_conditions_and_sections_carry_live_numbers(lived: Engine, site: Path) -> None:
    """Each condition tells its stages, each of the 44 framework sections its numbers."""
    page = (site / SSL_PAGE).read_text(encoding="utf-8")
    counted = dict(
        asked(lived, f"SELECT condition, count(*) FROM report.finding WHERE policy_id = '{SSL}' GROUP BY 1")
    )
    assert counted
    for condition in catalog().policy(SSL).conditions:
        row = page.partition(f"<code>{condition.name}</code></th>")[2].partition("</tr>")[0]
        shown = re.sub(r"<[^>]+>", " ", row.split("</td>")[1]).strip()
        assert shown == ("–" if condition.status == "DISAPPEARED" else str(counted.get(condition.name, 0)))
    sections = asked(
        lived,
        "SELECT section, title, incompliant, undetermined, compliant, compliance_percent "
        f"FROM report.framework_compliance WHERE '{SSL}' = ANY (policy_ids)",
    )
    assert len(sections) == 44
    table = page.partition('id="frameworks-title"')[2]
    rows = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip() for row in table.split("<tr>")]
    for section, title, incompliant, undetermined, compliant, percent in sections:
        wanted = f"{section} {title} 1 {incompliant} {undetermined} {compliant} {percent}%".strip()
        assert any(html.unescape(row).startswith(wanted) for row in rows), wanted


def test_what_changed_is_what_the_history_tells(lived: Engine, site: Path) -> None:
    """Since the night before and since the first night, counted from finding_as_of."""
    told = words(site, "index.html")
    for label, meaning, was, now in (
        (
            "Newly incompliant",
            "were not incompliant before",
            "IS DISTINCT FROM 'INCOMPLIANT'",
            "= 'INCOMPLIANT'",
        ),
        ("Resolved", "were incompliant and are compliant now", "= 'INCOMPLIANT'", "= 'COMPLIANT'"),
        ("New items", "were not there before", "IS NULL", "IS NOT NULL"),
        ("Gone items", "are not there any longer", "IS NOT NULL", "IS NULL"),
    ):
        counts = [
            asked(
                lived,
                f"SELECT count(*) FROM report.finding_as_of('{then}') AS b "
                "FULL JOIN report.finding_as_of('2026-01-05 02:00Z') AS a "
                "ON a.policy_id = b.policy_id AND a.item_id = b.item_id "
                f"WHERE b.status {was} AND a.status {now}",
            )[0][0]
            for then in ("2026-01-04 02:00Z", "2026-01-01 02:00Z")
        ]
        assert f"{label} {meaning} {counts[0]} {counts[1]} " in told


def test_certificates_and_scopes_are_told(lived: Engine, site: Path) -> None:
    told = words(site, "index.html")
    [(expired,)] = asked(lived, "SELECT count(*) FROM report.certificate WHERE days_left <= 90")
    assert expired == 1
    assert "1 certificate expired or will within 90 days; stages name 1 of them." in told
    assert "cert03" in told
    failed = asked(lived, "SELECT count(*) FROM report.scope_health WHERE status = 'failed'")[0][0]
    assert f"{failed} scopes could not be read completely" in told


def test_the_csv_holds_every_finding(lived: Engine, site: Path) -> None:
    """With the quote in front of formulas taken off, its rows are those of the view."""
    keys = ("account_id", "rest_api_id", "stage_name", "policy_id", "status", "condition")
    rows = csv.DictReader(io.StringIO((site / "findings.csv").read_bytes().decode(), newline=""))
    held = [tuple(re.sub(r"^'(?=[=+@-])", "", row[key]) for key in keys) for row in rows]
    assert sorted(held) == sorted(asked(lived, f"SELECT {', '.join(keys)} FROM report.finding"))


def test_a_formula_in_the_csv_is_text(site: Path) -> None:
    """A spreadsheet that opens the CSV runs nothing."""
    for row in csv.reader(io.StringIO((site / "findings.csv").read_bytes().decode(), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    assert f"'{FORMULA}" in (site / "findings.csv").read_text(encoding="utf-8")


def test_more_findings_than_the_table_lists(lived: Engine, tmp_path: Path) -> None:
    """The page says so and links the packed CSV beside it, which holds all of them; the worst are listed."""
    site = written(lived, tmp_path / "site", rows_limit=10)
    [(findings,)] = asked(lived, "SELECT count(*) FROM report.finding")
    page = words(site, "findings.html")
    assert f"This page lists the first 10 of {findings} findings." in page
    data = findings_data(site)
    assert len(data["rows"]) == 10
    assert {data["statuses"][row[0]] for row in data["rows"]} == {"INCOMPLIANT"}
    with zipfile.ZipFile(site / "findings.csv.zip") as archive:
        assert archive.testzip() is None
        rows = list(csv.reader(io.StringIO(archive.read("findings.csv").decode())))
    assert len(rows) == findings + 1


def findings_data(site: Path) -> dict[str, Any]:
    """Return what the findings' page reads."""
    text = (site / "data/findings.js").read_text(encoding="ascii")
    assert text.startswith("window.gateledgerFindings=")
    return dict(json.loads(text.removeprefix("window.gateledgerFindings=").removesuffix(";\n")))


def test_timelines_are_the_history(lived: Engine, site: Path) -> None:
    """Every listed finding carries all its intervals."""
    data = findings_data(site)
    told = [
        (
            data["names"][row[5]],
            data["policies"][row[1]],
            data["statuses"][line[at + 2]],
            data["conditions"][line[at + 3]],
        )
        for row, line in zip(data["rows"], data["timelines"], strict=True)
        for at in range(0, len(line), 4)
    ]
    views = asked(
        lived,
        "SELECT h.stage_name, h.policy_id, h.status, h.condition FROM report.finding_history AS h "
        "JOIN report.finding AS f ON f.policy_id = h.policy_id AND f.item_id = h.item_id",
    )
    assert sorted(told) == sorted(views)


def test_nothing_can_end_an_element_or_run(site: Path) -> None:
    """Hostile names stand escaped on the pages and hold no markup in the data."""
    pages = sorted(site.rglob("*.html"))
    assert len(pages) == 8 + 1 + len(catalog().frameworks) + 9
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert IMG not in text
        assert SCRIPT not in text
        assert "<script>" not in text
        markup = re.sub(r'="[^"]*"', '=""', re.sub(r">[^<]*<", "><", text))
        assert re.search(r"\son\w+=", markup) is None
        assert f'content="{html.escape(SECURITY_POLICY, quote=True)}"'.replace("&#x27;", "&#39;") in text
        assert " style=" not in text
    data = (site / "data/findings.js").read_text(encoding="ascii")
    assert not set(data) & set("<>&")
    assert set(HOSTILE) <= set(findings_data(site)["names"])
    assert {name[:128].strip() for name in HOSTILE} < set(findings_data(site)["owners"])


def test_pages_refer_to_nothing_outside(site: Path) -> None:
    """Every address in a page is a file of the report."""
    for page in site.rglob("*.html"):
        for address in re.findall(r'(?:href|src)="([^"]*)"', page.read_text(encoding="utf-8")):
            path = html.unescape(address).partition("#")[0]
            assert not path or (page.parent / path).resolve().is_file(), f"{page.name}: {address}"


def test_the_same_database_gives_the_same_report(lived: Engine, site: Path, tmp_path: Path) -> None:
    again = written(lived, tmp_path / "again")
    assert digests(again) == digests(site)


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of each file."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_an_old_report_is_there_until_the_new_one_is_whole(
    lived: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure in the middle leaves the old report and no trace; success replaces it whole."""
    out = written(lived, tmp_path / "site")
    (out / "left-over.html").write_text("of an older report")
    before = digests(out)

    def fail(*_: object) -> None:
        assert digests(out) == before
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(build, "write_findings", fail)
        with pytest.raises(OSError, match="the disk is full"):
            written(lived, out)
    assert digests(out) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]

    written(lived, out)
    assert "left-over.html" not in digests(out)
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]


def test_the_exchange_without_the_systems_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two directories cannot be exchanged in one step, two renames do it."""
    monkeypatch.setattr(place, "_exchange", lambda _one, _other: False)
    for content in ("one", "two"):
        with building(tmp_path / "site", REPORT) as folder:
            (folder / REPORT.marker).write_text(REPORT.mark + "}")
            (folder / "page").write_text(content)
    assert (tmp_path / "site/page").read_text() == "two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]


def test_what_a_killed_command_left_is_removed(lived: Engine, tmp_path: Path) -> None:
    """A half-built directory of a dead process goes; one that is being built stays."""
    (tmp_path / ".site.dead.building").mkdir()
    with building(tmp_path / "site", REPORT) as other:
        written(lived, tmp_path / "site")
        assert other.is_dir()
        (other / REPORT.marker).write_text(REPORT.mark + "}")
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("found", ["a file", "a directory of someone else's"])
def test_nothing_of_someone_else_is_overwritten(lived: Engine, tmp_path: Path, found: str) -> None:
    out = tmp_path / "out"
    if found == "a file":
        out.write_text("precious")
    else:
        out.mkdir()
        (out / "thesis.txt").write_text("precious")
        (out / "report.json").write_text('{"of": "another program"}')
    with pytest.raises(PlaceTaken, match=r"name a (new or empty )?directory"):
        write_report(lived, catalog().policies, out)
    assert (out if out.is_file() else out / "thesis.txt").read_text() == "precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_an_empty_directory_may_be_filled(lived: Engine, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert (written(lived, tmp_path / "out") / "index.html").is_file()


def test_nothing_evaluated_yet(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(NothingEvaluated, match="gateledger run"):
        write_report(engine, catalog().policies, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_estate_without_stages(engine: Engine, tmp_path: Path) -> None:
    history = History(engine)
    history.region(ACCOUNTS[0])
    history.night()
    site = written(engine, tmp_path / "out")
    assert "Nothing in 0 accounts" in words(site, "index.html")
    assert "There are no findings." in words(site, "findings.html")


def test_a_first_night_has_nothing_to_compare_with(engine: Engine, tmp_path: Path) -> None:
    history = History(engine)
    history.region(ACCOUNTS[0]).api("a1b2c3d4e5").stage("prod")
    history.night()
    told = words(written(engine, tmp_path / "out"), "index.html")
    assert "This was the first night: there is nothing to compare with." in told
    assert "Newly incompliant were not incompliant before – –" in told


def test_a_policy_that_left_the_catalog(lived: Engine, tmp_path: Path) -> None:
    """Its findings are told; its texts are not at hand."""
    write_report(lived, [], tmp_path / "out")
    assert "This policy has left the catalog" in words(tmp_path / "out", SSL_PAGE)


def test_the_nightly_job_writes_it(lived: Engine, tmp_path: Path) -> None:
    settings = Settings.model_construct(report_dir=tmp_path / "night")
    write_nightly(lived, catalog().policies, settings)
    assert (tmp_path / "night/index.html").is_file()


def test_a_report_that_fails_fails_no_night(
    lived: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "night").write_text("in the way")
    write_nightly(lived, catalog().policies, Settings.model_construct(report_dir=tmp_path / "night"))
    assert [record.__dict__["event"] for record in caplog.records if record.levelname == "WARNING"] == [
        "report.failed"
    ]
    assert (tmp_path / "night").read_text() == "in the way"
