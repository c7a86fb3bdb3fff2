"""What is compared after every step, and what at the end of an example."""

from __future__ import annotations

from datetime import datetime, timedelta

from cmdb.snapshot import AccountKey
from cmdb.storage.inventory import PostgresInventory
from tests.model.oracle import Oracle
from tests.model.system import System
from tests.model.truth import names_one
from tests.model.verdicts import verdicts
from tests.model.views import differences
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
        for evaluation in book.evaluations:
            for moment in (evaluation.as_of, evaluation.as_of + timedelta(minutes=30)):
                known = [state for as_of, state in states if as_of <= moment]
                if not known or (oracle.last_as_of is not None and moment > oracle.last_as_of):
                    continue
                due = verdicts(known[-1], policy_id, moment, evaluation.rules)
                told = {
                    tuple(row[:4]): row[4] for row in system.judged_as_of(policy_id, moment, evaluation.rules)
                }
                found += [
                    f"{policy_id} at {moment}: {key} was {due.get(key)}, is now judged {told.get(key)}"
                    for key in sorted(due.keys() | told.keys())
                    if due.get(key) != told.get(key)
                ]
    found += [
        f"{breach['breach']}: {breach['subject']}"
        for breach in breaches(system.engine)
        if breach["breach"] not in _OF_WHOLE_NIGHTS
    ]
    assert not found, "\n".join(found)


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
