"""Tags of accounts as AWS Organizations tells them: read where owners need them, and never taken for absent."""

from __future__ import annotations

from gateledger.nightly.jobs import exit_code
from gateledger.terminal.exits import ExitCode
from simulated_aws import DEFAULT_ROLE, Estate
from tests.support.nights import ACCOUNT, REGION, MakeNights, Nights

MEMBER = "444455556666"
TAGS = "ListTagsForResource"


def owners(nights: Nights) -> dict[str, str | None]:
    return {row["account_id"]: row["owner"] for row in nights.findings()}


def test_account_tags_name_owners_and_stay_as_they_were_when_they_are_denied(
    make_nights: MakeNights, estate: Estate
) -> None:
    estate.add_account(MEMBER, "Lab", regions=[REGION])
    estate.set_tags(ACCOUNT, {"owner": "shop", "mail": "shop@example.com", "zone": "a"})
    estate.page_limit = 1
    nights = make_nights(
        accounts="organization", role_name=DEFAULT_ROLE, owner_tags="owner", sensitive_tags="mail"
    )
    nights.stage()
    nights.stage(place=nights.place(account_id=MEMBER))
    assert exit_code(nights.night()) is ExitCode.DONE
    assert owners(nights) == {ACCOUNT: "shop", MEMBER: None}
    (kept,) = nights.rows("SELECT tags FROM cmdb.account WHERE account_id = %s", (ACCOUNT,))
    assert kept["tags"]["zone"] == "a"
    assert kept["tags"]["mail"].startswith("hmac:")
    # when the tags change on a night on which they cannot be read
    estate.set_tags(ACCOUNT, {})
    estate.set_tags(MEMBER, {"owner": "lab"})
    denied = nights.aws.faults.add("denied", TAGS)
    assert exit_code(nights.night()) is ExitCode.INCOMPLETE
    assert owners(nights) == {ACCOUNT: "shop", MEMBER: None}
    assert nights.scopes(region="global")["account"] == ("partial", "denied")
    nights.mend(denied)
    cut_off = nights.aws.faults.add("cut_off", TAGS)
    assert exit_code(nights.night()) is ExitCode.INCOMPLETE
    assert owners(nights) == {ACCOUNT: "shop", MEMBER: None}
    # then the next clean night finds them
    nights.mend(cut_off)
    assert exit_code(nights.night()) is ExitCode.DONE
    assert owners(nights) == {ACCOUNT: None, MEMBER: "lab"}
    history = nights.rows("SELECT owner, valid_from, valid_to FROM report.item_owner ORDER BY owner, item_id")
    stays = {(row["owner"], nights.day_of(row["valid_from"]), row["valid_to"] is None) for row in history}
    assert stays == {("shop", 1, False), ("lab", 4, True)}


def test_account_tags_are_read_only_where_the_settings_need_them(make_nights: MakeNights) -> None:
    nights = make_nights()
    nights.stage()
    nights.night()
    assert nights.asked(TAGS) == 0


def test_an_account_in_no_organization_has_no_account_tags(make_nights: MakeNights, estate: Estate) -> None:
    estate.accounts[ACCOUNT].in_organization = False
    nights = make_nights(owner_tags="owner")
    nights.stage()
    assert exit_code(nights.night()) is ExitCode.DONE
    (kept,) = nights.rows("SELECT tags FROM cmdb.account")
    assert kept["tags"] == {}
