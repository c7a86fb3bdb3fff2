"""The policies and frameworks that come with the program, and how parameters come into the SQL."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator.catalog.helpers import helpers
from evaluator.catalog.loading import load_catalog
from evaluator.catalog.logic import check_logic
from evaluator.catalog.parameters import Parameter, ParameterType
from evaluator.errors import PolicyError
from tests.unit.policies.test_policy_mistakes import LOGIC, POLICY, sentence, written

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
EXPIRY = "/ce/ca/aws/apigateway/rest-api-stage-client-certificate-expiry"
SECTIONS = {
    "AWS Foundational Security Best Practices v1.0.0": 1,
    "Cloudaware Framework": 1,
    "FedRAMP High Security Controls": 8,
    "FedRAMP Low Security Controls": 4,
    "FedRAMP Moderate Security Controls": 8,
    "NIST CSF v2.0": 6,
    "NIST SP 800-53 Revision 5": 15,
    "UK Cyber Essentials": 1,
}


def test_the_certificate_policy_serves_44_sections_of_eight_frameworks() -> None:
    policy = load_catalog().policy(SSL)

    assert Counter(section.framework for section in policy.sections) == SECTIONS
    assert len({(section.framework, section.section, section.title) for section in policy.sections}) == 44


def test_every_section_of_every_framework_is_served() -> None:
    catalog = load_catalog()
    served = {section for policy in catalog.policies for section in policy.sections}

    for framework in catalog.frameworks:
        assert framework.file.name == f"{framework.id}.yaml"
        assert set(framework.sections) <= served
    assert {framework.name for framework in catalog.frameworks} == {
        *SECTIONS,
        "AWS Well-Architected Framework",
    }


def test_conditions_are_declared_in_the_order_in_which_they_are_asked() -> None:
    for policy in load_catalog().policies:
        names = tuple(condition.name for condition in policy.conditions)
        assert names == policy.logic.conditions
        assert names[:2] == (f"{policy.logic.composition.item.declared.name}_disappeared", "inventory_stale")
        assert names[-1] == "unexpected"
        assert set(names) == set(policy.logic.composition.conditions)
        for condition in policy.conditions:
            assert condition.status not in {"INCOMPLIANT", "UNDETERMINED"} or condition.remediation
            assert condition.status != "INCOMPLIANT" or condition.change


def test_every_policy_says_what_to_set_with_the_cli_and_in_templates() -> None:
    headings = ("### AWS CLI\n", "### Terraform\n", "### CloudFormation\n")
    lacking = {p.id: [one for one in headings if one not in p.remediation] for p in load_catalog().policies}
    assert {policy: missing for policy, missing in lacking.items() if missing} == {}


def test_parameters_become_typed_placeholders_outside_strings_and_comments(tmp_path: Path) -> None:
    written(tmp_path, logic_sql=LOGIC.replace("'%_'", "'%:days' /* :days 5% */ -- :as_of\n") + ";\n")
    policy = load_catalog([tmp_path]).policy("/own/stages/named")
    as_of = datetime(2026, 11, 1, tzinfo=UTC)

    sql, values = policy.bound_logic({"days": 5, "as_of": as_of})

    assert "%(as_of)s::timestamptz - %(days)s::integer * interval '24 hours'" in sql
    assert "'%%:days' /* :days 5%% */ -- :as_of" in sql
    assert ";" not in sql
    assert values == {"days": 5, "as_of": as_of}


def test_an_unknown_or_unfit_parameter_is_refused() -> None:
    policy = load_catalog().policy(EXPIRY)

    for given in ({"weeks": 1}, {"days": "30"}, {"days": True}, {"days": -1}, {"days": 2**31}):
        with pytest.raises(PolicyError, match="parameter"):
            policy.bound_logic(given)
    with pytest.raises(PolicyError, match="time zone"):
        policy.bound_logic({"as_of": datetime(2026, 11, 1)})  # noqa: DTZ001  the mistake itself


def test_settings_override_a_default_and_change_the_content_hash() -> None:
    plain = load_catalog().policy(EXPIRY)
    changed = load_catalog(parameters={EXPIRY: {"days": 45}}).policy(EXPIRY)

    assert changed.bound_logic({})[1] == {"days": 45}
    assert changed.content_hash == plain.content_hash_with({"days": 45})
    assert changed.content_hash != plain.content_hash
    with pytest.raises(PolicyError, match="there is not"):
        load_catalog(parameters={"/no/such": {"days": 45}})


def test_a_list_of_values_may_be_written_over_several_lines() -> None:
    tls = "/gateledger/aws/apigateway/rest-api-tls-policy"
    given = {tls: {"allowed": "TLS_1_2,\n  SecurityPolicy_TLS14_2030 ,"}}
    assert (
        load_catalog(parameters=given).policy(tls).values()["allowed"] == "TLS_1_2, SecurityPolicy_TLS14_2030"
    )


def test_wording_and_comments_are_not_identity(tmp_path: Path) -> None:
    written(tmp_path / "a")
    written(
        tmp_path / "b",
        policy_yaml=POLICY.replace("message: Named.", "message: It names one."),
        logic_sql="-- why\n" + LOGIC.replace("\n", "\n\n"),
    )
    written(tmp_path / "c", logic_sql=LOGIC.replace("'24 hours'", "'23 hours'"))
    first, reworded, other = (load_catalog([tmp_path / name]).policy("/own/stages/named") for name in "abc")

    assert reworded.content_hash == first.content_hash
    assert reworded.wording_hash != first.wording_hash
    assert other.content_hash != first.content_hash


def test_what_a_helper_stands_for_is_part_of_what_judges_and_of_its_identity() -> None:
    policy = load_catalog().policy("/gateledger/aws/apigateway/rest-api-stage-data-trace")
    kept = policy.definition()["logic"]
    again = check_logic("kept", kept, (), "stage")

    assert "served_settings(" in policy.logic_sql
    assert "served_settings(" not in kept
    assert again.canonical == policy.logic.canonical


def test_the_page_about_policies_names_each_helper_and_its_arguments() -> None:
    page = Path("docs/policies.md").read_text(encoding="utf-8")

    for helper in helpers().values():
        assert f"`{helper.name}({', '.join(helper.arguments)})`" in page


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (ParameterType.DURATION, "1d12h", timedelta(hours=36)),
        (ParameterType.INTEGER, 7, 7),
        (ParameterType.TEXT, "x", "x"),
        (ParameterType.BOOLEAN, False, False),
    ],
)
def test_each_type_takes_its_values_and_refuses_others(
    kind: ParameterType, given: object, value: object
) -> None:
    parameter = Parameter(type=kind, default="-", description="d")

    assert parameter.value(given) == value
    for wrong in (None, 1.5, "0s" if kind is ParameterType.DURATION else "a\0"):
        with pytest.raises(ValueError, match=r"write"):
            parameter.value(wrong)


FRAMEWORK = """\
id: own
name: Our framework
sections:
  - {section: "1", title: Certificates, policies: [/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate]}
"""


def test_a_framework_of_ones_own_builds_on_policies_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "frameworks").mkdir()
    (tmp_path / "frameworks" / "own.yaml").write_text(FRAMEWORK)

    sections = load_catalog([tmp_path]).policy(SSL).sections

    assert [section.title for section in sections if section.framework == "Our framework"] == ["Certificates"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("ssl-certificate]", "no-certificate]", "which there is not"),
        ("id: own", "id: cloudaware", "is already in"),
        ('section: "1"', "section: 1.3", "which is not text; put it in quotes"),
        ("sections:", 'sections:\n  - {section: "1", title: Other}', "is there twice"),
        ("name: Our framework", "", "the key `name` is missing"),
    ],
)
def test_a_mistake_in_a_framework(tmp_path: Path, before: str, after: str, words: str) -> None:
    (tmp_path / "frameworks").mkdir()
    (tmp_path / "frameworks" / "own.yaml").write_text(FRAMEWORK.replace(before, after))

    assert words in sentence(tmp_path)
