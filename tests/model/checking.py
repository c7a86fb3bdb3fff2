"""What is compared after every step, and what at the end of an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from cmdb.items import item_type
from cmdb.runs.runs import RunKind
from cmdb.snapshot import AccountKey
from cmdb.storage.inventory import PostgresInventory
from tests.model.knowledge import StageKey
from tests.model.oracle import Oracle
from tests.model.system import Night, Rows, System
from tests.model.truth import names_one
from tests.model.verdicts import MODELLED, verdicts
from tests.model.views import differences, outline_differences
from tests.support.checks import breaches

#: What holds where each night is lived through to its end and judged; here some are killed or only collect.
_OF_WHOLE_NIGHTS = frozenset(
    {
        "an item known at an evaluation has no verdict of it",
        "a finding of an item that is gone, or none of a live one",
        "a run is still open",
    }
)


def check(system: System, oracle: Oracle) -> None:
    """Compare every view, what collectors are told, and the findings at every past moment."""
    found = differences(system, oracle, _moments(oracle))
    found += _differences_in_known(system, oracle)
    assert not found, "\n".join(found)


def check_the_past(system: System, oracle: Oracle) -> None:
    """Judge every past moment, and moments between, over the relations as they were; check the intervals."""
    found = []
    states = sorted(oracle.observer.states.items())
    for policy_id, book in oracle.books.items():
        is_modelled = policy_id in MODELLED
        for evaluation in book.evaluations if is_modelled else book.evaluations[-2:]:
            for moment in (evaluation.as_of, evaluation.as_of + timedelta(minutes=30)):
                known = [state for as_of, state in states if as_of <= moment]
                if not known or (oracle.last_as_of is not None and moment > oracle.last_as_of):
                    continue
                told = _told(system.judged_as_of(policy_id, moment, evaluation.rules))
                if is_modelled:
                    due = _by_arn(verdicts(known[-1], policy_id, moment, evaluation.rules))
                elif moment == evaluation.as_of and (policy_id, moment) not in oracle.overtaken:
                    due = _told(system.recorded_as_of(policy_id, moment))
                else:
                    continue
                found += [
                    f"{policy_id} at {moment}: {key} was {due.get(key)}, is now judged {told.get(key)}"
                    for key in sorted(due.keys() | told.keys())
                    if due.get(key) != told.get(key)
                ]
    found += outline_differences(system, oracle, _moments(oracle))
    found += [
        f"{breach['breach']}: {breach['subject']}"
        for breach in breaches(system.engine)
        if breach["breach"] not in _OF_WHOLE_NIGHTS
    ]
    assert not found, "\n".join(found)


def check_judging_again(system: System, oracle: Oracle, number: int) -> None:
    """Judge tonight in full, then all nights at once, then in turn, under some of the policies of the life.

    What was found night by night, from what changed alone, has to be what all of it gives.
    """
    judged = [policy_id for policy_id, book in oracle.books.items() if book.evaluations]
    first = len(oracle.observer.states) % len(judged)
    for policy_id in (judged[first:] + judged[:first])[:number]:
        last = oracle.books[policy_id].evaluations[-1]
        assert oracle.last_as_of is not None
        again = Night(oracle.last_as_of, RunKind.EVALUATE, policies=(policy_id,), rules=last.rules)

        def judged(night: Night) -> Rows:
            system.live(night)
            oracle.live(night)
            return system.history(*night.policies)

        if last.as_of == oracle.last_as_of and (policy_id, last.as_of) not in oracle.overtaken:
            before = system.history(policy_id)
            assert judged(replace(again, judges_all=True)) == before, (
                f"{policy_id}: judged in full it differs"
            )
        swept = judged(replace(again, judges_past=True))
        found = differences(system, oracle, _moments(oracle))
        assert not found, "\n".join(found)
        in_turn = judged(replace(again, judges_past=True, sweeps=False))
        assert in_turn == swept, f"{policy_id}: judged night by night it differs"


def _told(rows: Rows) -> dict[tuple[str, str], str]:
    """Return conditions by account and ARN, of which none may be there twice."""
    found = {(account_id, arn): condition for account_id, arn, condition in rows}
    assert len(found) == len(rows), "an item is judged twice"
    return found


def _by_arn(conditions: Mapping[StageKey, str]) -> dict[tuple[str, str], str]:
    arn = item_type("stage").arn
    return {
        (account, arn.format(partition="aws", region=region, rest_api_id=api, stage_name=stage)): condition
        for (account, region, api, stage), condition in conditions.items()
    }


def _moments(oracle: Oracle) -> list[datetime]:
    """Return every time of an evaluation, and one just before and after each."""
    times = {evaluation.as_of for book in oracle.books.values() for evaluation in book.evaluations}
    instant = timedelta(microseconds=1)
    return sorted(
        times | {time - instant for time in times} | {time + timedelta(minutes=30) for time in times}
    )


def _differences_in_known(system: System, oracle: Oracle) -> list[str]:
    """Compare what a collector is told before it reads."""
    if oracle.last_as_of is None:
        return []
    found = []
    inventory = PostgresInventory(system.engine, oracle.last_as_of)
    accounts = sorted(oracle.observer.known.accounts)
    if [key.account_id for key in inventory.known_accounts()] != accounts:
        found.append(f"known accounts should be {accounts}")
    regions = sorted(oracle.observer.known.regions.items(), key=lambda item: item[0])
    # One account-region after the other: every night reads them all anyway.
    turn = len(oracle.observer.states) % max(1, len(regions))
    for (account_id, name), region in regions[turn : turn + 1]:
        told = inventory.known(AccountKey("aws", account_id), name)
        due = {api_id: frozenset(api.deployments) for api_id, api in region.apis.items() if api.deployments}
        if told.deployments != due:
            found.append(f"deployments known in {name} are {told.deployments}, should be {due}")
        named = {api_id: region.named_of(api_id) for api_id in region.apis if region.named_of(api_id)}
        if {api_id: set(names) for api_id, names in told.named_certificates.items()} != named:
            found.append(
                f"certificates named in {name} are told as {told.named_certificates}, should be {named}"
            )
        absent = {
            certificate_id
            for certificate_id, each in region.certificates.items()
            if each.absent_since is not None
        }
        if told.absent_certificates != absent:
            found.append(f"absent in {name} are told as {told.absent_certificates}, should be {absent}")
        assert all(names_one(each) for names in named.values() for each in names)
    return found
