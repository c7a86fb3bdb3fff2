"""Owners: whose the items are, night by night, and who owned them on a past day."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cmdb.storage.prune import prune
from gateledger.exceptions import store
from gateledger.exceptions.entry import Entry, ExceptionGiven
from gateledger.exceptions.store import Terms
from gateledger.owners.file import OwnerRule, OwnersWrong, read_owner_file
from gateledger.owners.rules import OwnerRules
from gateledger.queries import findings
from tests.support.command_line import CommandLine
from tests.support.histories import FIRST_NIGHT, History
from tests.support.questions import ask
from tests.support.reports import written

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
DAY = timedelta(days=1)
SHOP, BANK = "111122223333", "444455556666"
HOSTILE = ("$(rm -rf ~)", "<script>alert(1)</script>", "'; DROP TABLE compliance.owner; --", "=HYPERLINK(0)")


@pytest.fixture
def nights(engine: Engine) -> History:
    made = History(engine)
    made.policies = [SSL]
    made.owners = OwnerRules(tags=("owner", "team"))
    return made


def owner(engine: Engine, stage: str = "prod") -> str | None:
    (row,) = ask(engine, "SELECT owner FROM report.finding WHERE stage_name = %s", (stage,))
    found: str | None = row["owner"]
    return found


def owners(engine: Engine, nights: int, stage: str = "prod") -> list[str | None]:
    """Return whose a stage was on each night, as is known today."""
    told: list[str | None] = []
    for night in range(nights):
        rows = ask(
            engine,
            "SELECT owner FROM report.finding_as_of(%s) WHERE stage_name = %s",
            (FIRST_NIGHT + night * DAY, stage),
        )
        told += [row["owner"] for row in rows]
    return told


def accept(engine: Engine, nights: History, arn: str) -> None:
    """Enter an exception an hour after the last night."""
    given = {
        "id": "x",
        "policies": ["*"],
        "match": {"arn": arn},
        "reason": "r",
        "owner": "o",
        "until": "2026-06-01",
    }
    at = nights.last_as_of + timedelta(hours=1)
    entry = Entry.of(ExceptionGiven.model_validate(given))
    store.apply(engine, [entry], Terms("me", timedelta(days=366), at))


def writes(engine: Engine) -> list[object]:
    """Return where rows of owners are stored; they move when they are written again."""
    return [
        list(row.values())
        for table in ("owner", "item_owner", "item_owner_closed", "owner_resolution")
        for row in ask(engine, f"SELECT ctid::text, x.* FROM compliance.{table} AS x ORDER BY 1")
    ]


def test_the_tag_nearest_to_the_item_names_its_owner(engine: Engine, nights: History) -> None:
    """Given tags on account, API and stage, when they come one by one, then each night the nearest counts."""
    api = nights.region().api("a1b2c3d4e5")
    stage = api.stage("prod")
    nights.night()
    nights.account_tags = {SHOP: {"team": "of the account"}}
    nights.night()
    api.tags = {"team": "of the API"}
    nights.night()
    stage.payload = {"tags": {"team": "second", "owner": "first"}}
    nights.night()
    stage.payload = {"tags": {"team": "second", "owner": " "}}
    nights.night()
    stage.payload, api.tags = {}, {}
    nights.night()
    nights.account_tags = {SHOP: {}}
    nights.night()
    expected = [None, "of the account", "of the API", "first", "second", "of the account", None]
    assert owners(engine, 7) == expected
    assert owner(engine) is None
    history = ask(engine, "SELECT owner, valid_to FROM report.finding_history WHERE stage_name = 'prod'")
    assert [row["owner"] for row in history] == [None]
    (item,) = ask(engine, "SELECT owner FROM report.item WHERE item_type = 'stage'")
    (own,) = ask(engine, "SELECT owner FROM report.stage")
    assert (item["owner"], own["owner"]) == (None, None)


def test_account_tags_that_cannot_be_read_leave_owners_as_they_were(engine: Engine, nights: History) -> None:
    api = nights.region().api("a1b2c3d4e5")
    api.stage("prod", certificate="cert01")
    nights.night()
    nights.account_tags = {SHOP: {"owner": "shop"}}
    nights.night()
    nights.account_tags = {}
    nights.night()
    api.stage("new")
    nights.night()
    assert owners(engine, 4) == [None, "shop", "shop", "shop"]
    assert owner(engine, "new") == "shop"


def test_an_unchanged_night_writes_nothing(engine: Engine, nights: History) -> None:
    nights.account_tags = {SHOP: {"owner": "shop"}}
    nights.region().api("a1b2c3d4e5").stage("prod")
    nights.night()
    before = writes(engine)
    # Items that changed in the last run are looked at once more, and are found as they were.
    nights.nights(2)
    settled = writes(engine)
    assert before[:-1] == settled[:-1]
    nights.nights(2)
    assert writes(engine) == settled


def test_the_first_rule_of_the_file_wins_over_later_ones_and_over_tags(
    engine: Engine, nights: History
) -> None:
    """Given rules of every kind, when the file changes, then that night owners do and no day before."""
    nights.account_tags = {SHOP: {"owner": "tagged"}}
    region = nights.region()
    billing = region.api("a1b2c3d4e5", "billing-core", tags={"env": "live"})
    for name in ("prod", "beta", "test"):
        billing.stage(name)
    region.api("z9y8x7w6v5", "other").stage("else")
    nights.region(BANK, "us-east-1").api("b1b2b3b4b5", "bank").stage("till")
    nights.owners = OwnerRules(
        ("owner",),
        (
            OwnerRule("by-arn", {"arn": "arn:aws:apigateway:eu-*::/restapis/a1b2c3d4e5/stages/beta"}),
            OwnerRule("by-name", {"api": "billing-*", "account": SHOP}),
            OwnerRule("by-region", {"region": "us-*"}),
            OwnerRule("by-tag", {"tags": {"env": "l*"}}),
        ),
    )
    nights.night()
    assert {name: owner(engine, name) for name in ("prod", "beta", "test", "else", "till")} == {
        "prod": "by-name",
        "beta": "by-arn",
        "test": "by-name",
        "else": "tagged",
        "till": "by-region",
    }
    nights.owners = OwnerRules(("owner",), nights.owners.rules[3:])
    nights.night()
    assert owners(engine, 2, "beta") == ["by-arn", "by-tag"]
    assert owners(engine, 2, "till") == ["by-region", None]
    nights.owners = OwnerRules()
    nights.night()
    assert owners(engine, 3, "beta") == ["by-arn", "by-tag", None]
    assert owner(engine, "else") is None


def test_a_stage_that_goes_keeps_its_owner_until_it_comes_back(engine: Engine, nights: History) -> None:
    api = nights.region().api("a1b2c3d4e5")
    stage = api.stage("prod", tags={"owner": "before"})
    nights.night()
    del api.stages["prod"]
    nights.night()
    (gone,) = ask(engine, "SELECT owner FROM report.finding_export WHERE stage_name = 'prod'")
    assert gone["owner"] == "before"
    stage.payload = {"tags": {"owner": "after"}}
    api.stages["prod"] = stage
    nights.night()
    assert owners(engine, 3) == ["before", "after"]


def test_a_night_that_runs_twice_at_one_time_keeps_one_owner(engine: Engine, nights: History) -> None:
    stage = nights.region().api("a1b2c3d4e5").stage("prod", tags={"owner": "one"})
    nights.night()
    for name in ("two", "three"):
        stage.payload = {"tags": {"owner": name}}
        nights.night()
        nights.next_as_of -= DAY
    assert owners(engine, 2) == ["one", "three"]
    kept = ask(engine, "SELECT DISTINCT owner, valid_to IS NULL AS now FROM report.item_owner ORDER BY owner")
    assert [tuple(row.values()) for row in kept] == [("one", False), ("three", True)]


def test_hashed_values_name_nobody(engine: Engine, nights: History) -> None:
    nights.region().api("a1b2c3d4e5").stage("prod", tags={"owner": "hmac:" + "0a" * 16})
    nights.night()
    assert owner(engine) is None


def test_findings_and_exports_are_of_an_owner_whatever_it_is_called(
    engine: Engine, nights: History, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command_line = CommandLine(database_url, monkeypatch)
    api = nights.region().api("a1b2c3d4e5")
    for number, name in enumerate(HOSTILE):
        api.stage(f"stage{number}", tags={"owner": name})
    api.stage("nobodys")
    nights.night()
    for number, name in enumerate(HOSTILE):
        found = command_line("findings", "--owner", name, "--format", "csv").out.splitlines()
        assert [line.split(",")[7] for line in found[1:]] == [f"stage{number}"]
        assert name in command_line("findings", "--owner", name).out
        for form in ("asff", "ocsf", "json"):
            exported = command_line("export", "--format", form, "--owner", name).out
            assert name in exported
            others = [f"stage{other}" for other in range(len(HOSTILE)) if other != number]
            assert not any(other in exported for other in others)
    unowned = command_line("findings", "--unowned", "--format", "csv").out.splitlines()
    assert [line.split(",")[7] for line in unowned[1:]] == ["nobodys"]
    past = command_line(
        "findings", "--owner", HOSTILE[0], "--as-of", FIRST_NIGHT.isoformat(), "--format", "csv"
    )
    assert len(past.out.splitlines()) == 2


def test_an_export_since_a_time_holds_findings_whose_owner_changed(
    engine: Engine, nights: History, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command_line = CommandLine(database_url, monkeypatch)
    api = nights.region().api("a1b2c3d4e5")
    stage = api.stage("prod", tags={"owner": "one"})
    api.stage("calm", tags={"owner": "one"})
    nights.night()
    stage.payload = {"tags": {"owner": "two"}}
    nights.night()
    since = nights.last_as_of.isoformat()
    rows = csv.DictReader(command_line("export", "--format", "csv", "--since", since).out.splitlines())
    assert [row["owner"] for row in rows] == ["two"]


def test_days_of_owners_add_up_to_all_and_no_day_is_rewritten(
    engine: Engine, nights: History, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given stages that change owner, certificate and exception, then each day says what was so at its end."""
    region = nights.region()
    region.certificate("cert01")
    api = region.api("a1b2c3d4e5")
    moving = api.stage("moving", tags={"owner": "one"})
    fixed = api.stage("fixed", tags={"owner": "two"})
    api.stage("nobodys")
    nights.owners = OwnerRules()
    nights.night()
    nights.owners = OwnerRules(("owner",))
    nights.night()
    accept(engine, nights, "*/moving")
    moving.payload = {"tags": {"owner": "two"}}
    nights.night()
    fixed.certificate = "cert01"
    nights.nights(2)
    found = ask(
        engine,
        "SELECT day, owner, compliant, incompliant, excepted FROM report.compliance_daily_owner ORDER BY day, owner",
    )
    told = [((row.pop("day") - FIRST_NIGHT.date()).days + 1, *row.values()) for row in found]
    nobodys = [(day, None, 0, 1, 0) for day in range(2, 6)]
    assert [row for row in told if row[1] is None] == nobodys
    assert [row for row in told if row[1] is not None] == [
        (2, "one", 0, 1, 1),
        (2, "two", 0, 1, 0),
        (3, "two", 0, 2, 1),
        (4, "two", 1, 1, 1),
        (5, "two", 1, 1, 1),
    ]
    sums = ask(
        engine,
        "SELECT t.day FROM report.compliance_daily_total AS t "
        "JOIN (SELECT day, policy_id, sum(compliant) AS compliant, sum(incompliant) AS incompliant, "
        "      sum(excepted) AS excepted FROM report.compliance_daily_owner GROUP BY 1, 2) AS o USING (day, policy_id) "
        "WHERE (t.compliant, t.incompliant, t.excepted) = (o.compliant, o.incompliant, o.excepted)",
    )
    assert len(sums) == 4
    times = ask(
        engine,
        "SELECT owner, remediated, median_days, still_open, excepted "
        "FROM report.time_to_remediate_owner ORDER BY owner",
    )
    assert [tuple(row.values()) for row in times] == [("two", 1, 3, 1, 1), (None, 0, None, 1, 0)]
    command_line = CommandLine(database_url, monkeypatch)
    shown = command_line("trend", "--by", "owner").out
    assert "(no owner known)" in shown
    days = command_line("trend", "--by", "owner", "--format", "csv").out.splitlines()
    assert len(days) == 1 + len(told)
    assert days[1].split(",")[2:] == ["owner", "one", "0", "1", "0", "0", "0", "1", ""]
    by_severity = command_line("trend", "--by", "severity", "--format", "csv").out.splitlines()
    assert len(by_severity) == 6
    refused = command_line("trend", "--by", "owner", "--account", SHOP)
    assert (refused.code, refused.out) == (1, "")
    assert "leave --account and --region out" in refused.err


def test_pruning_drops_owners_that_nothing_has_any_more(engine: Engine, nights: History) -> None:
    stage = nights.region().api("a1b2c3d4e5").stage("prod", tags={"owner": "one"})
    nights.night()
    stage.payload = {"tags": {"owner": "two"}}
    nights.nights(3)
    prune(engine, FIRST_NIGHT + 2 * DAY)
    assert [row["name"] for row in ask(engine, "SELECT name FROM compliance.owner")] == ["two"]
    assert owners(engine, 4)[2:] == ["two", "two"]
    (known,) = ask(engine, "SELECT known_from FROM compliance.owner_resolution")
    assert known["known_from"] == FIRST_NIGHT + 2 * DAY


def test_an_owners_page_says_what_to_do_first(
    engine: Engine, nights: History, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given findings of two owners, one of them excepted, then a page names the change that closes the most."""
    region = nights.region()
    public = region.api("a1b2c3d4e5", "public", tags={"owner": "shop"})
    public.stage("accepted")
    for number in range(3):
        public.stage(f"bare{number}")
    guarded = public.stage("armed", webAclArn="arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/x/1")
    region.api("z9y8x7w6v5", "calm", tags={"owner": "calm"}).stage("fine", certificate="cert01")
    region.certificate("cert01")
    nights.night()
    accept(engine, nights, "*/accepted")
    nights.night()
    written(engine, tmp_path / "site")
    page = (tmp_path / "site/owners/shop.html").read_text(encoding="utf-8")
    said = "<li>Attach one client certificate per account and region to 4 stages: closes all incompliant findings.</li>"
    assert said in page
    places = [page.index(f">{name}</bdi>") for name in ("bare0", "bare1", "bare2", guarded.name)]
    assert places == sorted(places)
    assert page.count("public, no WAF, 1 method without authorization") == 3
    assert page.count("public, WAF, 1 method") == 1
    assert ">accepted</bdi>" not in page
    assert (
        'class="mark" href="../exceptions.html"' in (tmp_path / "site/accounts/111122223333.html").read_text()
    )
    command_line = CommandLine(database_url, monkeypatch)
    monkeypatch.setattr(findings, "on_terminal", lambda: True)
    table = command_line("findings", "--owner", "shop").out
    assert table.splitlines()[-1].startswith(
        "Do first: Attach one client certificate per account and region to 4 stages"
    )
    assert "Do first" not in command_line("findings", "--owner", "calm").out
    order = command_line(
        "findings", "--status", "INCOMPLIANT", "--no-excepted", "--format", "csv"
    ).out.splitlines()
    assert [line.split(",")[7] for line in order[1:]] == ["bare0", "bare1", "bare2", "armed"]
    calm = (tmp_path / "site/owners/calm.html").read_text(encoding="utf-8")
    assert "Nothing of this owner is incompliant without an exception" in calm


def test_a_report_without_owners_has_no_pages_for_them(
    engine: Engine, nights: History, tmp_path: Path
) -> None:
    nights.owners = OwnerRules()
    nights.region().api("a1b2c3d4e5").stage("prod")
    nights.night()
    site = written(engine, tmp_path / "site")
    assert not (site / "owners").exists()
    assert "Owner" not in (site / "findings.html").read_text(encoding="utf-8")


GOOD = """owners:
  - owner: team-billing
    match: {account: "111122223333", api: "billing-*"}
    notify: json://billing.example.com/x
  - owner: team-shop
    notify: [json://shop.example.com/x, json://shop.example.com/y]
"""


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("teams: []\n", None, "one key `owners`"),
        ("owners:\n  - just text\n", 2, "write `owner: ...` and the other keys"),
        (GOOD.replace("owner: team-shop", "owner: ''"), 5, "`owner` is empty"),
        (GOOD.replace("{account", "{accounts"), 3, "the key `match.accounts` is unknown"),
        (GOOD.replace('"111122223333"', '"1111"'), 3, "write the 12 digits"),
        (GOOD.replace('{account: "111122223333", api: "billing-*"}', "{}"), 3, "`match` is empty"),
        (GOOD + "  - owner: team-x\n", 7, "neither `match` nor `notify`"),
        (GOOD + "  - owner: team-shop\n    notify: json://c4nary\n", 8, "given on line 6 too"),
        (GOOD.replace('api: "billing-*"', "tags: {Mail: x}"), 3, "kept only as a hash"),
        (GOOD.replace("notify: json", "notifies: json"), 4, "the key `notifies` is unknown"),
        (
            GOOD.replace("notify: json://billing.example.com/x", "notify: 5"),
            4,
            "`notify` holds something other",
        ),
        (
            GOOD.replace("json://billing.example.com/x", "{url: json://c4nary}"),
            4,
            "`notify` holds something other",
        ),
        (
            GOOD.replace("json://billing.example.com/x", "[json://c4nary, 5]"),
            4,
            "`notify` holds something other",
        ),
        (
            GOOD.replace("json://billing.example.com/x", f"[{'json://c4nary, ' * 21}]"),
            4,
            "has 21 addresses; 20",
        ),
        (GOOD.replace("json://billing.example.com/x", "[]"), 4, "`notify` is empty; write one"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(
    text: str, line: int | None, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "owners.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(OwnersWrong) as refused:
        read_owner_file(file, ("mail",))
    (told,) = refused.value.mistakes
    assert told.startswith(f"{file}, line {line}: " if line else f"{file}: ")
    assert words in told
    assert "c4nary" not in told


def test_the_file_gives_rules_in_their_order_and_routes(tmp_path: Path) -> None:
    file = tmp_path / "owners.yaml"
    file.write_text(GOOD, encoding="utf-8")
    found = read_owner_file(file)
    assert [rule.owner for rule in found.rules] == ["team-billing"]
    assert found.routes["team-shop"] == ("json://shop.example.com/x", "json://shop.example.com/y")
    assert "example.com" not in repr(found)


def test_a_wrong_file_ends_a_run_with_a_sentence_before_anything_is_written(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command_line = CommandLine(database_url, monkeypatch)
    file = tmp_path / "owners.yaml"
    monkeypatch.setenv("GATELEDGER_OWNERS", str(file))
    for text, words in ((None, "the file is missing"), ("owners:\n  - owner: x\n", ", line 2: ")):
        if text is not None:
            file.write_text(text, encoding="utf-8")
        ended = command_line("evaluate")
        assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
        assert words in ended.err
    assert ask(engine, "SELECT run_id FROM cmdb.run") == []
