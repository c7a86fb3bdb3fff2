"""Fixes that policies declare: those that come along fit the AWS CLI, and each mistake is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

from evaluator.catalog.fixes import Call, Fix
from evaluator.catalog.loading import load_catalog
from evaluator.catalog.policy import Status
from tests.unit.policies.test_policy_mistakes import POLICY, sentence, written

FIX = """\
fixes:
  name_one:
    title: Name one
    check: [Look first.]
    inputs: {CERTIFICATE_ID: {meaning: the certificate}}
    commands:
      - call: apigateway update-stage
        options: {stage-name: "{stage_name}"}
        patch: {/clientCertificateId: "{CERTIFICATE_ID}"}
    undo:
      - call: apigateway update-stage
        options: {stage-name: "{stage_name}"}
        patch: {/clientCertificateId: null}
"""
SETTING = """\
    method_settings:
      metrics/enabled: {value: true, field: metricsEnabled, at_fault: [false], terraform: metrics_enabled}
    commands:"""
MISTAKES = [
    ('options: {stage-name: "{stage_name}"}\n        patch: {/clientCertificateId: "', 'options: {x: "{stage}"}\n'
     '        patch: {/clientCertificateId: "', "`fixes.name_one.commands.0.options.x` names '{stage}'"),
    ('"{CERTIFICATE_ID}"', '"{CERTIFICATE}"',
     "names '{CERTIFICATE}', which there is not here; write one of {CERTIFICATE_ID}"),
    ('"{CERTIFICATE_ID}"', '"{tags}"', "names '{tags}'"),
    ('"{CERTIFICATE_ID}"', '"${"', "has a brace that belongs to no name"),
    ("/clientCertificateId: null", '/clientCertificateId: "{CERTIFICATE_ID}"', "`fixes.name_one.undo.0.patch"),
    ("the certificate}", 'x, made_by: {call: a b, query: q, options: {n: "{stage_name}"}}}',
     "write one of {account_id}"),
    ("the certificate}", "x, made_by: {call: a b}}", "makes the input; give it `query`"),
    ("the certificate}", "x, attribute: id}", "has one of `resource` and `attribute`"),
    ("    check: [Look first.]\n", "    check: []\n", "`fixes.name_one.check`"),
    ("    check: [", "    conditions: [named]\n    check: [",
     "names 'named', which is no condition that is INCOMPLIANT (there: unnamed)"),
    ("  name_one:", "  name_one: &same", "`fixes.second` is for 'unnamed', which `fixes.name_one` is for already"),
    ("    undo:", "    not_so:", "is unknown"),
    ("apigateway update-stage\n", '"apigateway update-stage; rm"\n', "has to look like"),
    ("    commands:", "    method_settings: {logging/loglevel: {value: x, field: level, at_fault: [x], terraform: y}}\n"
     "    commands:", "`fixes.name_one.method_settings.logging/loglevel.field` is 'level'; write one of"),
    ("    commands:", SETTING.replace("[false]", "[false, 0]"),
     "metrics/enabled.at_fault.1` is 0, which metricsEnabled never is; write true or false"),
    ("    commands:", SETTING.replace("true", "'true'"), "enabled.value` is 'true', which metricsEnabled never is"),
    ("    commands:", SETTING.replace("true", "1.5"), "enabled.value` is 1.5; write a text, a whole number, true"),
    ("the certificate}", "x, attribute: id, resource: {resource: a, arguments: {b: {c: [d]}}}}",
     "`fixes.name_one.inputs.CERTIFICATE_ID.resource.arguments.b.c` is ['d']; write a text, a whole number, true"),
]  # fmt: skip
OF_THE_SHELL = (
    "PATH",
    "IFS",
    "HOME",
    "PS4",
    "BASH_ENV",
    "LD_PRELOAD",
    "AWS_PROFILE",
    "PYTHONPATH",
    "HTTPS_PROXY",
    "ENV",
)


@pytest.mark.parametrize("name", OF_THE_SHELL)
def test_an_input_is_not_called_like_a_variable_that_changes_what_runs(tmp_path: Path, name: str) -> None:
    written(tmp_path, policy_yaml=POLICY + FIX.replace("CERTIFICATE_ID", name))

    said = sentence(tmp_path)

    assert f"`fixes.name_one.inputs.{name}` is {name}, a variable that shells or programs read" in said


def test_what_a_call_saves_is_not_called_so_either(tmp_path: Path) -> None:
    saving = FIX.replace(
        '        patch: {/clientCertificateId: "{C',
        '        query: id\n        save: PATH\n        patch: {/clientCertificateId: "{C',
    )
    written(tmp_path, policy_yaml=POLICY + saving)

    assert "`fixes.name_one.commands.0.save` is PATH" in sentence(tmp_path)


def test_a_fix_is_for_something(tmp_path: Path) -> None:
    written(tmp_path, policy_yaml=POLICY.replace("INCOMPLIANT", "UNDETERMINED") + FIX)

    assert "`fixes.name_one` is for nothing" in sentence(tmp_path)


@pytest.mark.parametrize(("before", "after", "words"), MISTAKES)
def test_a_mistake_in_a_fix_is_one_sentence_with_its_place(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    assert before in FIX
    wrong = FIX.replace(before, after, 1)
    if "&same" in after:
        wrong = FIX + FIX.replace("fixes:\n  name_one:", "  second:")
    folder = written(tmp_path, policy_yaml=POLICY + wrong)

    said = sentence(tmp_path)

    assert words in said
    assert said.startswith(str(folder / "policy.yaml"))


def test_a_fix_of_ones_own_belongs_to_its_conditions_and_decides_no_verdict(tmp_path: Path) -> None:
    written(tmp_path / "a", policy_yaml=POLICY + FIX)
    written(tmp_path / "b")
    own = load_catalog([tmp_path / "a"]).policy("/own/stages/named")

    found = own.fix_of("unnamed")
    assert found is not None
    assert found[0] == "name_one"
    assert own.fix_of("named") is None
    assert own.fix_of("gone from the catalog") is None
    assert own.content_hash == load_catalog([tmp_path / "b"]).policy("/own/stages/named").content_hash


def calls_of(fix: Fix) -> list[Call]:
    made = [one.made_by for one in fix.inputs.values() if one.made_by is not None]
    return [*made, *fix.commands, *fix.undo]


def test_fixes_that_come_along_call_what_aws_has_with_options_that_it_takes() -> None:
    tried = 0
    for policy in load_catalog().policies:
        for fix in policy.fixes.values():
            for call in calls_of(fix):
                service, operation = call.call.split(" ")
                model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
                (shape,) = (
                    model.operation_model(name).input_shape
                    for name in model.operation_names
                    if xform_name(name, "-") == operation
                )
                taken = {xform_name(member, "-") for member in shape.members} | {"region"}
                assert set(call.options) <= taken
                assert set(shape.required_members) <= {
                    member for member in shape.members if xform_name(member, "-") in call.options
                }
                assert not call.patch or "patch-operations" in taken
                tried += 1
    assert tried > 10


def test_fixes_that_come_along_are_for_all_incompliant_conditions_of_their_policy() -> None:
    """Given a policy with fixes, then none of its incompliant conditions is left without one."""
    for policy in load_catalog().policies:
        if policy.fixes:
            wrong = [one.name for one in policy.conditions if one.status is Status.INCOMPLIANT]
            assert [name for name in wrong if policy.fix_of(name) is None] == []
