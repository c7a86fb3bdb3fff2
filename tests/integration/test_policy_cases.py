"""Every policy's cases give what they say on PostgreSQL, and a case that is wrong says so."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import psycopg
import pytest

from evaluator.catalog.case_runner import run_cases
from evaluator.catalog.loading import load_catalog
from evaluator.catalog.policy import PLACEHOLDERS, Policy, PolicyFile
from evaluator.catalog.shared import UNEXPECTED

POLICIES = {policy.id: policy for policy in load_catalog().policies}
SSL = POLICIES["/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"]
EXPIRY = POLICIES["/ce/ca/aws/apigateway/rest-api-stage-client-certificate-expiry"]


@pytest.mark.both_servers
@pytest.mark.parametrize("policy", POLICIES.values(), ids=lambda policy: policy.id.rsplit("/", 1)[-1])
def test_cases_give_what_they_say(postgres_url: str, policy: Policy) -> None:
    with psycopg.connect(postgres_url) as connection:
        results = run_cases(connection, policy)

    assert len(results) == len(policy.cases)
    assert {result.case: result.problems for result in results if not result.passed} == {}
    # What does not fit together is a net under every policy; a simple one may have nothing that falls into it.
    reached = {result.condition for result in results} | {UNEXPECTED}
    assert reached == {condition.name for condition in policy.conditions}


def test_the_whole_policy_in_the_docs_is_one(postgres_url: str, tmp_path: Path) -> None:
    page = Path("docs/policies.md").read_text(encoding="utf-8").split("## A whole policy")[1]
    folder = tmp_path / "stage-documentation"
    folder.mkdir()
    for name, content in re.findall(r"^`([a-z.]+)`:\n\n```\w+\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        (folder / name).write_text(content, encoding="utf-8")
    policy = load_catalog([tmp_path]).policy("/example/stage-documentation")
    with psycopg.connect(postgres_url) as connection:
        results = run_cases(connection, policy)
    assert {result.case: result.problems for result in results} == {case.name: () for case in policy.cases}
    assert {result.condition for result in results} | {UNEXPECTED} == {one.name for one in policy.conditions}
    placeholders = {name for name in PLACEHOLDERS if f"`{{{name}}}`" in page}
    assert placeholders == set(PLACEHOLDERS)
    assert {key for key in PolicyFile.model_fields if f"`{key}`" in page} == set(PolicyFile.model_fields)


def test_a_wrong_case_fails_and_says_what_came(postgres_url: str) -> None:
    case = SSL.cases[0]
    wrong = (
        dataclasses.replace(case, condition="certificate_empty", status="INCOMPLIANT"),
        dataclasses.replace(case, evidence=frozenset({"stage"})),
        dataclasses.replace(case, over="unexpected"),
        dataclasses.replace(EXPIRY.cases[0], recheck_at=case.as_of),
    )
    with psycopg.connect(postgres_url) as connection:
        results = run_cases(connection, dataclasses.replace(SSL, cases=wrong[:3]))
        results += run_cases(connection, dataclasses.replace(EXPIRY, cases=wrong[3:]))

    assert [result.passed for result in results] == [False] * 4
    words = ["but certificate_present (COMPLIANT) came", "as evidence", "asked first", "Expected recheck_at"]
    for result, expected in zip(results, words, strict=True):
        assert expected in result.problems[0]


def test_a_case_that_fails_in_the_database_leaves_the_others_their_turn(postgres_url: str) -> None:
    text = SSL.logic_sql.replace(
        "WHEN rest_api.is_private", "WHEN rest_api.is_private AND 1 / (stage.item_id - 2) > 0"
    )
    broken = dataclasses.replace(SSL, logic=dataclasses.replace(SSL.logic, text=text))
    private = next(case for case in SSL.cases if case.condition == "private_endpoint")
    row = {**private.relations["stage"][0], "item_id": 2}
    failing = dataclasses.replace(private, relations={**private.relations, "stage": (row,)}, name="divides")
    with psycopg.connect(postgres_url) as connection:
        results = run_cases(connection, dataclasses.replace(broken, cases=(failing, SSL.cases[0])))

    assert "division by zero" in results[0].problems[0]
    assert results[1].passed


def test_a_policy_that_doubles_a_stage_fails_its_case(postgres_url: str) -> None:
    case = SSL.cases[0]
    twice = dataclasses.replace(
        case, relations={**case.relations, "certificate": case.relations["certificate"] * 2}
    )
    with psycopg.connect(postgres_url) as connection:
        results = run_cases(connection, dataclasses.replace(SSL, cases=(twice,)))

    assert "each item needs exactly one" in results[0].problems[0]


def test_running_cases_leaves_the_connection_as_it_was(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        before = connection.execute("SHOW search_path").fetchone()
        run_cases(connection, SSL)

        assert connection.execute("SHOW search_path").fetchone() == before
        assert connection.execute("SHOW transaction_read_only").fetchone() == ("off",)
