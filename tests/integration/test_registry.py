"""What the database knows of a policy follows its wording, and is written only where it differs."""

from __future__ import annotations

import dataclasses

from sqlalchemy import Engine

from cmdb.server.database import transaction
from evaluator.catalog.policy import Policy
from evaluator.judging.registry import Registered, register
from tests.support.checks import catalog
from tests.support.nights import FIRST_NIGHT, SSL
from tests.support.questions import Row, ask

#: Each row with the transaction that wrote it.
_WRITTEN = """
SELECT 'policy' AS kind, p.xmin::text, p.name AS what FROM compliance.policy AS p
UNION ALL SELECT 'version', v.xmin::text, v.content_hash FROM compliance.policy_version AS v
UNION ALL SELECT 'condition', c.xmin::text, c.name || c.message FROM compliance.condition AS c
UNION ALL SELECT 'section', s.xmin::text, s.section || s.title FROM compliance.framework_section AS s
UNION ALL SELECT 'link', l.xmin::text, l.framework_section_id::text FROM compliance.policy_section AS l
ORDER BY 1, 3
"""


def known(engine: Engine, policy: Policy) -> tuple[Registered, list[Row]]:
    with transaction(engine) as connection, connection.cursor() as cursor:
        registered = register(cursor, policy, {}, FIRST_NIGHT)
    return registered, ask(engine, _WRITTEN)


def test_a_policy_that_is_as_it_was_is_not_written_anew(engine: Engine) -> None:
    policy = catalog().policy(SSL)
    first, written = known(engine, policy)
    assert set(first.condition_keys) == {condition.name for condition in policy.conditions}
    assert sum(row["kind"] == "link" for row in written) == len(policy.sections)
    assert known(engine, policy) == (first, written)


def test_another_wording_replaces_what_differs_and_keeps_the_keys(engine: Engine) -> None:
    policy = catalog().policy(SSL)
    first, written = known(engine, policy)
    reworded = dataclasses.replace(policy.conditions[0], message="Said otherwise.")
    other = dataclasses.replace(
        policy, conditions=(reworded, *policy.conditions[1:]), sections=policy.sections[1:]
    )
    again, rewritten = known(engine, other)
    assert again.condition_keys == first.condition_keys
    new = [row for row in rewritten if row not in written and row["kind"] != "version"]
    assert [(row["kind"], row["what"]) for row in new] == [("condition", f"{reworded.name}Said otherwise.")]
    assert sum(row["kind"] == "link" for row in rewritten) == len(other.sections)
