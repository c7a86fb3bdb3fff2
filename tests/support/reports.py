"""A small estate with names as nasty as AWS allows, or more so, and the report of it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from gateledger.exceptions import store
from gateledger.exceptions.entry import Entry, ExceptionGiven
from gateledger.exceptions.store import Terms
from gateledger.owners.rules import OwnerRules
from gateledger.report.build import write_report
from tests.support.histories import DENIED, History, catalog

ACCOUNTS = ("111122223333", "444455556666")
IMG = "<img src=x onerror=\"document.title='owned'\">"
SCRIPT = "</script><script>document.title='owned'</script>"
QUOTES = "\"'`&amp;{{7*7}}${7*7}\u2028\u2029\\"
RIGHT_TO_LEFT = "\u202eתיב\u05d4 \u0627\u0644\u062f\u0641\u0639"
EMOJI = "🔑🧨 naïve"
LONG = "x" * 255
FORMULA = "=HYPERLINK(0)"
HOSTILE = (IMG, SCRIPT, QUOTES, RIGHT_TO_LEFT, EMOJI, LONG, FORMULA)


def hostile_history(engine: Engine) -> History:
    """Live five nights: stages with nasty names, a certificate deleted, a stage gone, a region that fails."""
    history = History(engine)
    shop = history.region(ACCOUNTS[0], "eu-central-1", account_name='Shop <b>&</b> "Söhne"')
    bank = history.region(ACCOUNTS[1], "us-east-1", account_name=SCRIPT)
    shop.certificate("cert01")
    shop.certificate("cert02", lives=timedelta(days=40))
    shop.certificate("cert03", lives=timedelta(days=2))
    orders = shop.api("a1b2c3d4e5", IMG)
    history.owners = OwnerRules(("owner",))
    for name in HOSTILE:
        orders.stage(name, tags={"owner": name[:128]})
    for number in range(30):
        orders.stage(f"good{number:02}", certificate="cert01", tags={"owner": "team/good"})
    steady = orders.stage("steady", certificate="cert02")
    orders.stage("late", certificate="cert03")
    accounts = bank.api("z9y8x7w6v5", FORMULA)
    accounts.stage("prod", certificate=None)
    bank.api("privateapi", "private", endpoint_types=("PRIVATE",)).stage("inside")
    history.night()
    del shop.certificates["cert02"]
    history.night()
    orders.stage("new")
    del orders.stages["good29"]
    history.night()
    steady.certificate = "cert01"
    bank.failure = DENIED
    history.night()
    orders.stages["good00"].certificate = None
    history.night()
    store.apply(history.engine, excepted(), Terms(SCRIPT, timedelta(days=366), history.last_as_of))
    return history


def excepted() -> list[Entry]:
    """Return exceptions that cover something and nothing, whose texts are as nasty as the stages' names."""
    day = "2026-01-31"
    given = {"policies": ["*"], "reason": f"{IMG} {LONG}", "owner": SCRIPT, "until": day}
    matches = ({"account": "*", "tags": {SCRIPT: "*"}}, {"api": "*"}, {"arn": "*/stages/good*"})
    return [
        Entry.of(ExceptionGiven.model_validate({**given, "id": f"exception-{number}", "match": match}))
        for number, match in enumerate(matches)
    ]


def written(engine: Engine, out: Path, *, rows_limit: int = 10_000) -> Path:
    """Write the report of a database and return its directory."""
    write_report(engine, catalog().policies, out, frameworks=catalog().frameworks, rows_limit=rows_limit)
    return out


def chromium() -> str | None:
    """Return the system's Chromium, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    return None
