"""The report in a real browser: opened from disk, charts drawn, tables used, nothing asked of the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright, Request, sync_playwright

from cmdb.server.database import open_engine
from tests.support.doses import at_length
from tests.support.reports import ACCOUNTS, HOSTILE, IMG, LONG, SCRIPT, chromium, hostile_history, written
from tests.support.servers import EMBEDDED, Servers
from tests.support.shared import made_once

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SSL_PAGE = "policies/rest-api-stage-ssl-certificate.html"
PAGES = (
    "index.html",
    SSL_PAGE,
    "accounts/index.html",
    f"accounts/{ACCOUNTS[0]}.html",
    "findings.html",
    "exceptions.html",
    "owners/index.html",
    "owners/team-good.html",
    "frameworks/index.html",
    "frameworks/nist-sp-800-53-revision-5.html",
)
#: Lists that are made as that of accounts is.
LISTS = frozenset({"owners/index.html", "frameworks/index.html"})


@dataclass
class Watched:
    """A page and what it did behind the reader's back."""

    page: Page
    site: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, name: str) -> Page:
        """Open a page of the report."""
        self.page.goto(
            self.site.joinpath(name.partition("#")[0]).as_uri() + name[len(name.partition("#")[0]) :]
        )
        return self.page

    def rows(self) -> list[str]:
        """Return the findings' rows as text."""
        return self.page.locator("#findings tbody tr").all_inner_texts()

    def stage_names(self) -> list[str]:
        """Return the names of the stages in the findings' rows."""
        return self.page.locator("#findings tbody button.open bdi").all_text_contents()


def serious_faults(page: Page) -> list[str]:
    """Return what axe finds serious or critical; it must not fetch style sheets: the page forbids that."""
    return [
        f"{fault['id']}: {fault['help']} {[node['target'] for node in fault['nodes']][:5]}"
        for fault in Axe().run(page, options={"preload": False}).response["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("Chromium is not installed on this machine (Debian: apt-get install chromium)")
    with playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS)) as launched:
        yield launched


@pytest.fixture(scope="session")
def site(postgres_servers: Servers) -> Path:
    """The report of an estate with nasty names; read only."""

    def make(folder: Path) -> None:
        with postgres_servers.get(EMBEDDED).database(migrated=True) as url:
            engine = open_engine(url)
            try:
                hostile_history(engine)
                written(engine, folder / "site")
            finally:
                engine.dispose()

    return made_once("report", make) / "site"


@pytest.fixture
def scheme() -> str:
    return "light"


@pytest.fixture
def watched(browser: Browser, site: Path, scheme: str) -> Iterator[Watched]:
    """A page of 1280 x 900; at the end nothing was complained of and nothing was asked of the network."""
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    seen = Watched(page, site)

    def complain(message: ConsoleMessage) -> None:
        seen.complaints.append(f"{message.type}: {message.text}")

    def fail(error: Error) -> None:
        seen.complaints.append(f"error: {error}")

    def ask(request: Request) -> None:
        seen.requests.append(request.url)

    page.on("console", complain)
    page.on("pageerror", fail)
    page.on("request", ask)
    yield seen
    context.close()
    assert seen.complaints == []
    outside = [url for url in seen.requests if not url.startswith((site.as_uri() + "/", "data:"))]
    assert outside == []


@pytest.mark.parametrize("name", ["index.html", SSL_PAGE, f"accounts/{ACCOUNTS[0]}.html"])
def test_charts_are_drawn(watched: Watched, name: str) -> None:
    """Each chart's canvas holds more than one colour, and its values can be read as a table too."""
    page = watched.open(name)
    charts = page.locator("figure.chart")
    assert charts.count() >= 1
    for at in range(charts.count()):
        chart = charts.nth(at)
        assert chart.get_attribute("data-drawn") == "yes"
        colours = chart.locator("canvas").evaluate(
            "canvas => { const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
            " return new Set(new Uint32Array(all.data.buffer)).size }"
        )
        assert colours > 5
        assert (chart.locator(".plot").get_attribute("aria-label") or "").count("2026-01-0") >= 2
        chart.locator("summary").click()
        assert chart.locator("tbody tr").count() == 5


def test_a_chart_tells_the_day_under_the_pointer(watched: Watched) -> None:
    page = watched.open("index.html")
    chart = page.locator("figure.chart").first
    chart.locator(".u-over").scroll_into_view_if_needed()
    box = chart.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    assert chart.locator(".readout").inner_text().startswith("2026-01-01: ")


def test_a_chart_takes_the_colours_of_the_scheme(watched: Watched) -> None:
    page = watched.open("index.html")
    canvas = page.locator("figure.chart canvas").first
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "before => document.querySelector('figure.chart canvas').toDataURL() !== before", arg=before
    )


def test_nasty_names_are_only_text(watched: Watched) -> None:
    """Every name stands there as it is, on every page, and none became markup or ran."""
    page = watched.open("findings.html#status=INCOMPLIANT")
    names = watched.stage_names()
    for name in HOSTILE:
        assert name in names
    for name in PAGES:
        watched.open(name)
        assert page.locator("main img, [onerror], main script:not([type='application/json'])").count() == 0
        assert "owned" not in page.title()
    watched.open("index.html")
    assert SCRIPT in page.locator("main").inner_text()


def test_the_timeline_of_a_nasty_stage(watched: Watched) -> None:
    page = watched.open("findings.html#q=onerror&status=INCOMPLIANT")
    page.locator("#findings button.open", has_text=IMG).first.click()
    dialog = page.locator("dialog[open]")
    assert dialog.locator("h2").inner_text() == IMG
    assert f"Stage {IMG} of REST API a1b2c3d4e5 calls HTTP backends" in dialog.inner_text()
    assert f"/restapis/a1b2c3d4e5/stages/{IMG}" in dialog.inner_text()
    assert dialog.locator("img, script").count() == 0


def test_a_timeline_tells_what_happened(watched: Watched) -> None:
    """The stage whose certificate was deleted and replaced: three intervals, and what changed on it."""
    page = watched.open("findings.html#q=steady&policy=/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate")
    page.get_by_role("button", name="steady").click()
    dialog = page.locator("dialog[open]")
    assert dialog.locator("svg.timeline rect").count() == 3
    rows = dialog.get_by_role("region", name="Timeline, newest first").locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[-1] for row in rows] == [
        "certificate present",
        "certificate deleted",
        "certificate present",
    ]
    assert "client_certificate_id" in dialog.get_by_role("region", name="Changes of the stage").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_filters_narrow_the_table(watched: Watched) -> None:
    page = watched.open("findings.html")
    everything = page.locator("#count").inner_text()
    assert everything == "82 of 82 findings"
    page.get_by_label("Status").select_option("INAPPLICABLE")
    assert all("inapplicable" in row.lower() for row in watched.rows())
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Search").fill("good0 shop")
    page.wait_for_function("document.getElementById('count').textContent.startsWith('20 of')")
    page.get_by_label("Policy").select_option(label="rest-api-stage-ssl-certificate")
    assert sorted(watched.stage_names()) == [f"good{number:02}" for number in range(10)]
    page.get_by_label("Status").select_option("INCOMPLIANT")
    assert watched.stage_names() == ["good00"]
    page.get_by_label("Search").fill("nothing is called so")
    assert "Nothing matches" in watched.rows()[0]


def test_filters_come_from_the_address(watched: Watched) -> None:
    """A cell of the overview leads to just its findings, and a count beside the bar to just those."""
    page = watched.open("index.html")
    page.locator(".heatmap tr", has_text="does not authenticate").locator("td").nth(2).locator("a").click()
    page.wait_for_selector("#filters:not([hidden])")
    assert page.get_by_label("Account").input_value() == ACCOUNTS[1]
    assert page.get_by_label("Policy").input_value().endswith("rest-api-stage-ssl-certificate")
    assert len(watched.rows()) == 2
    page = watched.open("index.html")
    link = page.locator(".legend a", has_text="incompliant")
    wanted = int(link.locator("b").inner_text())
    link.click()
    page.wait_for_selector("#filters:not([hidden])")
    assert page.get_by_label("Status").input_value() == "INCOMPLIANT"
    assert len(watched.rows()) == wanted


def test_headings_sort_by_keyboard(watched: Watched) -> None:
    page = watched.open("findings.html#policy=/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate&q=good")
    head = page.locator("#findings thead th", has_text="Item")
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    up = watched.stage_names()
    assert up == sorted(up)
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert watched.stage_names() == up[::-1]
    assert page.locator("#findings thead th[aria-sort]").count() == 1


def test_the_list_of_accounts_sorts(watched: Watched) -> None:
    page = watched.open("accounts/index.html")
    page.get_by_role("button", name="Id").click()
    ids = page.locator("tbody td:nth-child(2)").all_inner_texts()
    assert ids == sorted(ACCOUNTS)
    page.get_by_role("button", name="Id").click()
    assert page.locator("tbody td:nth-child(2)").all_inner_texts() == ids[::-1]


def test_numbers_percentages_and_dashes_sort_by_value(watched: Watched) -> None:
    """Given a table with a percentage, a number with its thousands apart and a dash, then each has its place."""
    page = watched.open(f"accounts/{ACCOUNTS[0]}.html")
    page.evaluate(
        """() => {
            const body = document.querySelector("table.policies tbody");
            body.replaceChildren(...["9.50%", "1,200", "–", "11.43%"].map((text) => {
                const row = body.rows[0].cloneNode(true);
                row.cells[4].textContent = text;
                return row;
            }));
        }"""
    )
    table = page.locator("table.policies").first
    table.locator("thead button", has_text="Compliance").click()
    shown = table.locator("tbody td:nth-child(5)").all_inner_texts()
    assert shown == ["–", "9.50%", "11.43%", "1,200"]


@pytest.mark.parametrize(
    ("name", "scheme"),
    at_length(
        [(name, scheme) for name in PAGES for scheme in ("light", "dark")],
        # Each kind of page once, under each scheme in turn; the lists are all made alike.
        but=lambda row: (PAGES.index(row[0]) % 2 == 0) == (row[1] == "light") and row[0] not in LISTS,
    ),
)
def test_no_serious_fault_of_accessibility(watched: Watched, name: str) -> None:
    page = watched.open(name)
    for chart in page.locator("figure.chart summary").all():
        chart.click()
    assert serious_faults(page) == []


@pytest.mark.parametrize("scheme", at_length(["light", "dark"], but=lambda scheme: scheme == "dark"))
def test_no_serious_fault_in_a_timeline(watched: Watched) -> None:
    page = watched.open("findings.html#q=steady")
    page.locator("#findings button.open").first.click()
    assert serious_faults(page) == []


def test_nothing_sticks_out_on_a_phone(watched: Watched) -> None:
    """Wide tables scroll inside their own frames; the page itself does not, whatever a stage is called."""
    watched.page.set_viewport_size({"width": 360, "height": 740})
    assert len(LONG) == 255
    for name in PAGES:
        page = watched.open(name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        # Text for screen readers goes by its frame, however far to the right its column lies.
        outside = "[...document.querySelectorAll('.scroll .hidden')].filter(e => !e.offsetParent?.closest('.scroll'))"
        assert page.evaluate(f"{outside}.length") == 0, name


def test_the_skip_link_leads_to_the_content(watched: Watched) -> None:
    page = watched.open("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_without_the_script_the_tables_are_there(browser: Browser, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "findings.html").as_uri())
    assert page.locator("#findings tbody tr").count() == 82
    assert page.locator("noscript").inner_text().startswith("Filtering and sorting need the script")
    context.close()
