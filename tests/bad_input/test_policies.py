"""Folders of policies and frameworks of one's own: each file and each key in it, wrong in every way.

Every row is tried where the rule lives, in the loader, and its error is shown as every command shows it; a
whole command is run once for each kind of mistake.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from evaluator.catalog.cases import CaseFile, CasesFile
from evaluator.catalog.files import PythonLoader, load_yaml
from evaluator.catalog.fixes import Call, Fix, Input, MethodSetting, Resource
from evaluator.catalog.frameworks import FrameworkFile, SectionFile, load_frameworks
from evaluator.catalog.loading import load_catalog, load_policy
from evaluator.catalog.offered import offered
from evaluator.catalog.parameters import Parameter
from evaluator.catalog.policy import ConditionFile, PolicyFile, Similar
from evaluator.errors import PolicyError
from gateledger.terminal.exits import ExitCode
from tests.support.command_line import CommandLine, Ended, ended_with
from tests.support.refusals import assert_refused, snapshot
from tests.unit.policies.test_policy_mistakes import CASES, FILES, LOGIC, POLICY, written

FRAMEWORK = """\
id: own
name: Our own
version: "1"
sections:
  - {section: "1.1", title: Certificates, policies: [/own/stages/named]}
"""
WHOLE_POLICY = (
    POLICY
    + """\
tags: [own]
frameworks: {own: ["1.1"]}
similar:
  - {source: Elsewhere, id: E.1}
fixes:
  name_one:
    title: Name one
    conditions: [unnamed]
    check: [Look first.]
    inputs:
      CERTIFICATE_ID:
        meaning: the certificate
        default: abc
        made_by: {call: apigateway generate-client-certificate, query: clientCertificateId}
        resource: {resource: aws_api_gateway_client_certificate, arguments: {description: One}}
        attribute: id
    commands:
      - call: apigateway update-stage
        options: {stage-name: "{stage_name}"}
        patch: {/clientCertificateId: "{CERTIFICATE_ID}"}
        query: deploymentId
        save: DEPLOYMENT_ID
      - {call: apigateway get-deployment, options: {deployment-id: "{DEPLOYMENT_ID}"}}
    undo:
      - {call: apigateway update-stage, options: {stage-name: "{stage_name}"}, patch: {/clientCertificateId: null}}
    method_settings:
      logging/loglevel: {value: ERROR, field: loggingLevel, at_fault: ["OFF", null], terraform: logging_level}
    terraform:
      - {resource: aws_api_gateway_stage, is_new: false, arguments: {client_certificate_id: "{CERTIFICATE_ID}"}}
"""
)
WHOLE_POLICY = WHOLE_POLICY.replace("minimum: 1,", "minimum: 1, maximum: 9,")
WHOLE_POLICY = WHOLE_POLICY.replace("Name one.}", "Name one., change: 'Name one on {items}.'}")
WHOLE_CASES = CASES.replace(
    "condition: named}",
    "condition: named, over: unnamed, evidence: [stage], recheck_at: +1d, parameters: {days: 3}, "
    "stage: {}, rest_api: {}, deployment: {}, certificate: {}, scope: {}}",
)


@pytest.fixture
def mine(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a right policy and a right framework, named by the settings."""
    root = place / "mine"
    written(root, policy_yaml=WHOLE_POLICY, cases_yaml=WHOLE_CASES)
    (root / "frameworks").mkdir()
    (root / "frameworks" / "own.yaml").write_text(FRAMEWORK)
    monkeypatch.setenv("GATELEDGER_POLICY_DIRS", str(root))
    return root


def test_the_folder_is_right_before_it_is_spoiled(mine: Path, run: CommandLine) -> None:
    assert run("policies", "list").code == ExitCode.DONE


def refused(root: Path) -> Ended:
    """Load the directory, which must fail, and return how a command ends that does so.

    Most mistakes are found by reading its own files; only what passes there needs the rest of the catalog.
    """
    with pytest.raises(PolicyError) as caught:
        _load(root)
    return ended_with(caught.value)


def _load(root: Path) -> None:
    load_policy(root / "named", load_frameworks(sorted((root / "frameworks").glob("*.yaml"))))
    load_catalog([root])


Make = Callable[[Path], object]


def _content(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


def _gone(path: Path) -> None:
    path.unlink()


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(target: str) -> Make:
    def made(path: Path) -> None:
        path.unlink()
        path.symlink_to(target if target != "itself" else path)

    return made


FILE_FAULTS: dict[str, Make] = {
    "missing": _gone,
    "a folder": _folder,
    "a circle of links": _link("itself"),
    "a link to nowhere": _link("/nowhere/at/all"),
    "a device": _link("/dev/zero"),
    "empty": _content(b""),
    "blank": _content(b" \n\t\n"),
    "not UTF-8": _content(b"name: pr\xfcfer"),
    "UTF-16": _content("name: a".encode("utf-16")),
    "NUL": _content(b"name: a\0b"),
    "too large": _content(b"#" * (1024 * 1024 + 1)),
}
YAML_FAULTS: dict[str, bytes] = {
    "a list": b"- a\n",
    "a word": b"certificate\n",
    "a number": b"5\n",
    "nothing": b"null\n",
    "only a comment": b"# later\n",
    "a bracket left open": b"name: [\n",
    "a quote left open": b'name: "a\n',
    "a tab for indentation": b"name:\n\t- a\n",
    "two documents": b"name: a\n---\nname: b\n",
    "a key twice": b"name: a\nname: b\n",
    "a key that is a list": b"? [a]\n: b\n",
    "a key that is a number": b"5: a\n",
    "a key that is nothing": b"null: a\n",
    "an alias": b"name: &a x\nid: *a\n",
    "aliases that grow": b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "a merge": b"name: &a {b: c}\nid: {<<: {d: e}}\n",
    "nested too deeply": b"name: " + b"[" * 10_000,
    "python code": b"name: !!python/object/apply:os.system ['touch sprung']\n",
    "a python name": b"name: !!python/name:os.system\n",
    "a tag of one's own": b"name: !secret x\n",
    "a tag that is wrong": b"name: !!int twelve\n",
    "a date tag": b"name: !!timestamp 2026-02-30\n",
    "bytes that are none": b"name: !!binary '*'\n",
    "too many digits": b"name: " + b"9" * 5000 + b"\n",
    "a character that is none": b'name: "\\ud800"\n',
    "a control character": b"name: a\x07b\n",
    "steering": b'"\\e[31m": a\n',
    "an unknown key": b"colour: red\n",
    "a key of many letters": b"x" * 5000 + b": a\n",
    "TOML": b"name = 'a'\n",
    "a percent sign": b"%YAML 9.9\n---\nname: a\n",
}
YAML_FILES = ("named/policy.yaml", "named/cases.yaml", "frameworks/own.yaml")


@pytest.mark.parametrize("fault", FILE_FAULTS)
@pytest.mark.parametrize("file", [*(f"named/{name}" for name in sorted(FILES)), "frameworks/own.yaml"])
def test_a_file(file: str, fault: str, mine: Path, place: Path) -> None:
    FILE_FAULTS[fault](mine / file)
    before = snapshot(place)
    # Without the file, the framework is unknown to the policy that names it.
    named = "policy.yaml" if (file, fault) == ("frameworks/own.yaml", "missing") else file.rsplit("/", 1)[-1]

    with pytest.raises(PolicyError) as caught:
        load_catalog([mine])

    assert_refused(ended_with(caught.value), ExitCode.ERROR, named)
    assert snapshot(place) == before


@pytest.mark.parametrize("file", YAML_FILES)
def test_a_yaml_file(file: str, mine: Path, place: Path, subtests: pytest.Subtests) -> None:
    for fault, content in YAML_FAULTS.items():
        with subtests.test(fault):
            (mine / file).write_bytes(content)
            before = snapshot(place)

            assert_refused(refused(mine), ExitCode.ERROR, str(mine / file))
            assert snapshot(place) == before


def test_yaml_is_read_alike_with_and_without_libyaml(mine: Path, subtests: pytest.Subtests) -> None:
    for file in [*Path(str(resources.files("evaluator"))).rglob("*.yaml"), *mine.rglob("*.yaml")]:
        assert load_yaml(file) == load_yaml(file, PythonLoader)
    file = mine / "wrong.yaml"
    # Half a character is refused by libyaml, and without it where text is asked for.
    for fault in YAML_FAULTS.keys() - {"a character that is none"}:
        with subtests.test(fault):
            file.write_bytes(YAML_FAULTS[fault])
            assert _read(file, None) == _read(file, PythonLoader)


def _read(file: Path, loader: type[PythonLoader] | None) -> object:
    """Return what the file holds; for a wrong one the sentence up to its reason, which each words itself."""
    try:
        return repr(load_yaml(file, loader))
    except PolicyError as error:
        return str(error).split("(")[0]


#: A value of each kind; what a key takes of them is listed with it.
VALUES: dict[str, Any] = {
    "nothing": None,
    "empty": "",
    "blank": " ",
    "text": "some words",
    "control": "a\x07b",
    "NUL": "a\0b",
    "number": 5,
    "large": 10**30,
    "negative": -1,
    "fraction": 1.5,
    "infinite": float("inf"),
    "truth": True,
    "no list": [],
    "list": ["some words"],
    "list of numbers": [5],
    "list of nothing": [None],
    "table": {"a": 1},
    "no table": {},
    "list of tables": [{"a": 1}],
}
Key = tuple[str | int, ...]
#: For each model the place of an example in its file, and what each of its keys takes of the values.
MODELS: dict[type[BaseModel], tuple[str, Key, dict[str, set[str]]]] = {
    PolicyFile: (
        "named/policy.yaml",
        (),
        {
            "name": {"text"},
            "contextual_name": {"text"},
            "tags": {"list", "no list"},
            "default": {"truth"},
            "item_types": {"no list"},
            "frameworks": {"no table"},
            "similar": {"no list"},
            "fixes": {"no table"},
        },
    ),
    ConditionFile: (
        "named/policy.yaml",
        ("conditions", "unnamed"),
        {"message": {"text"}, "remediation": {"text", "nothing"}, "change": {"nothing"}},
    ),
    Parameter: (
        "named/policy.yaml",
        ("parameters", "days"),
        {
            "default": {"number"},
            "description": {"text"},
            "minimum": {"negative", "nothing"},
            "maximum": {"number", "large", "nothing"},
            "each": {"text", "nothing"},
        },
    ),
    Similar: ("named/policy.yaml", ("similar", 0), {"source": {"text"}, "id": {"text"}}),
    Fix: (
        "named/policy.yaml",
        ("fixes", "name_one"),
        {
            "title": {"text"},
            "conditions": {"no list"},
            "check": {"list"},
            "method_settings": {"no table"},
            "terraform": {"no list"},
        },
    ),
    Input: (
        "named/policy.yaml",
        ("fixes", "name_one", "inputs", "CERTIFICATE_ID"),
        {"meaning": {"text"}, "default": {"text", "nothing"}, "made_by": {"nothing"}},
    ),
    Call: (
        "named/policy.yaml",
        ("fixes", "name_one", "commands", 0),
        # Two words are a service and an operation: which there are is the AWS CLI's to say.
        {"call": {"text"}, "options": {"no table"}, "patch": {"no table"}, "query": {"text"}},
    ),
    MethodSetting: (
        "named/policy.yaml",
        ("fixes", "name_one", "method_settings", "logging/loglevel"),
        {"value": {"text"}, "at_fault": {"list"}},
    ),
    Resource: (
        "named/policy.yaml",
        ("fixes", "name_one", "terraform", 0),
        {"is_new": {"truth"}, "arguments": {"table"}},
    ),
    FrameworkFile: ("frameworks/own.yaml", (), {"name": {"text"}, "version": {"text", "nothing"}}),
    SectionFile: ("frameworks/own.yaml", ("sections", 0), {"title": {"text"}, "policies": {"no list"}}),
    CasesFile: ("named/cases.yaml", (), {}),
    CaseFile: (
        "named/cases.yaml",
        ("cases", 2),
        {
            "name": {"text"},
            "subjects": {"no list", "list", "nothing"},
            "parameters": {"no table"},
            "over": {"nothing"},
            "evidence": {"no list", "nothing"},
            "recheck_at": {"nothing"},
        },
    ),
}


def _example(model: type[BaseModel]) -> dict[str, Any]:
    file, key, _ = MODELS[model]
    text = {"named/policy.yaml": WHOLE_POLICY, "named/cases.yaml": WHOLE_CASES}.get(file, FRAMEWORK)
    found: Any = yaml.safe_load(text)
    for step in key:
        found = found[step]
    assert isinstance(found, dict)
    return found


def _keys() -> Iterator[Any]:
    for model in MODELS:
        for name in model.model_fields:
            yield pytest.param(model, name, id=f"{model.__name__}.{name}")


def _kinds(model: type[BaseModel], name: str) -> list[str]:
    taken = MODELS[model][2].get(name, set())
    missing = ["missing"] if model.model_fields[name].is_required() else []
    return [*(kind for kind in VALUES if kind not in taken), *missing]


def _wrong(model: type[BaseModel], name: str, kind: str, file: Path) -> str:
    """Return the file's text with a key of the model's example wrong."""
    whole: Any = yaml.load(file.read_text(), yaml.CSafeLoader)
    part = whole
    for step in MODELS[model][1]:
        part = part[step]
    if kind == "missing":
        del part[name]
    else:
        part[name] = copy.deepcopy(VALUES[kind])
    return yaml.dump(whole, Dumper=yaml.CSafeDumper, sort_keys=False)


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Return a model and those that its keys hold."""
    found = {model}
    for field in model.model_fields.values():
        parts = [field.annotation]
        while parts:
            part = parts.pop()
            parts.extend(getattr(part, "__args__", ()))
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= models(part)
    return found


def test_every_key_of_every_file_is_spoiled() -> None:
    assert set(MODELS) == models(PolicyFile) | models(CasesFile) | models(FrameworkFile)
    for model in MODELS:
        example = set(_example(model))
        if model is ConditionFile:
            assert example == set(model.model_fields)
        # A case's further keys are the relations that policies may name.
        assert example - (set(offered()) if model is CaseFile else set()) <= set(model.model_fields)


@pytest.mark.parametrize(("model", "name"), list(_keys()))
def test_a_key(model: type[BaseModel], name: str, mine: Path, place: Path, subtests: pytest.Subtests) -> None:
    file = mine / MODELS[model][0]
    right = file.read_text()
    for kind in _kinds(model, name):
        with subtests.test(kind):
            file.write_text(right)
            file.write_text(_wrong(model, name, kind, file))
            before = snapshot(place)

            assert_refused(refused(mine), ExitCode.ERROR, str(mine))
            assert snapshot(place) == before


@pytest.mark.parametrize("name", offered())
def test_a_relation_of_a_case(name: str, mine: Path, place: Path, subtests: pytest.Subtests) -> None:
    file = mine / "named" / "cases.yaml"
    right = file.read_text()
    for kind in VALUES.keys() - {"nothing", "no list", "no table"}:
        with subtests.test(kind):
            file.write_text(right)
            file.write_text(_wrong(CaseFile, name, kind, file))
            before = snapshot(place)

            assert_refused(refused(mine), ExitCode.ERROR, str(mine))
            assert snapshot(place) == before


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_unknown_key(model: type[BaseModel], mine: Path) -> None:
    file = mine / MODELS[model][0]
    file.write_text(_wrong(model, "colour", "text", file))
    assert_refused(refused(mine), ExitCode.ERROR, str(mine), "colour")


_IN_CONDITION = "stage.version_id IS NULL"
WRITES = [
    "INSERT INTO stage VALUES (1)",
    "UPDATE stage SET item_id = 1",
    "DELETE FROM stage",
    *(
        "MERGE INTO stage USING scope ON true WHEN MATCHED THEN DELETE",
        "TRUNCATE cmdb.run",
        "DROP SCHEMA cmdb",
    ),
    "CREATE TABLE x (a int)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER ROLE x",
    "GRANT ALL ON stage TO public",
    "REVOKE ALL ON stage FROM public",
    "COPY stage TO PROGRAM 'true'",
    "COPY stage FROM '/etc/passwd'",
    "SET ROLE postgres",
    "RESET ALL",
    "CALL f()",
    "DO 'BEGIN END'",
    *(
        "EXPLAIN ANALYZE DELETE FROM stage",
        "VACUUM",
        "ANALYZE",
        "REINDEX DATABASE x",
        "CLUSTER",
        "CHECKPOINT",
    ),
    *(
        "LISTEN x",
        "NOTIFY x",
        "LOCK TABLE stage",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT x",
        "DISCARD ALL",
    ),
    *(
        "PREPARE x AS SELECT 1",
        "EXECUTE x",
        "DECLARE c CURSOR FOR SELECT 1",
        "FETCH c",
        "LOAD 'x'",
        "SHOW all",
    ),
    "COMMENT ON TABLE stage IS 'x'",
    "SECURITY LABEL ON TABLE stage IS 'x'",
    "REFRESH MATERIALIZED VIEW x",
    "VALUES (1)",
    "TABLE stage",
    "SELECT 1 INTO x",
    LOGIC + "FOR UPDATE",
    LOGIC + "; DELETE FROM stage",
    "WITH x AS (INSERT INTO stage VALUES (1) RETURNING 1 AS a) " + LOGIC,
    "WITH x AS (UPDATE stage SET item_id = 1 RETURNING 1 AS a) " + LOGIC,
    "WITH x AS (DELETE FROM stage RETURNING 1 AS a) " + LOGIC,
    *(
        LOGIC.replace(_IN_CONDITION, f"{call} IS NULL")
        for call in (
            "pg_terminate_backend(1)",
            "setval('s', 1)",
            "nextval('s')",
            "set_config('a', 'b', false)",
            "pg_advisory_lock(1)",
            "lo_unlink(1)",
            "lo_export(1, '/x')",
            "pg_write_file('/x', 'y')",
            *(
                "pg_read_file('/etc/passwd')",
                "pg_ls_dir('/')",
                "dblink('x', 'y')",
                "pg_sleep(1)",
                "txid_current()",
            ),
            *(
                "pg_notify('a', 'b')",
                "pg_reload_conf()",
                "current_setting('a')",
                "query_to_xml('x', true, true, '')",
            ),
        )
    ),
]
MALFORMED = [
    *(
        "",
        "-- later",
        ";",
        ";;",
        "SELECT",
        "SELECT FROM",
        "SELECT 1",
        "SELEC 1 FROM stage",
        "select from where",
    ),
    "SELECT 'a",
    'SELECT "a',
    "SELECT /* a",
    "SELECT (1 FROM stage",
    "SELECT 1) FROM stage",
    "SELECT $$a",
    "SELECT " + "(" * 3000,
    "SELECT " + "1+" * 10_000 + "1 FROM stage",
    "\ufeff\ufeffSELECT 1",
    "name: a",
    *(
        "SELECT CASE END FROM stage",
        "{% if x %}",
        "SELECT :days",
        "SELECT ${x}",
        "SELECT \x1b[31m FROM stage",
    ),
    LOGIC[:200],
    LOGIC.replace("CASE", "CAS"),
    LOGIC.replace("END", ""),
    LOGIC.replace("THEN", ""),
    LOGIC + LOGIC,
    LOGIC.replace("stage.", "stages."),
    LOGIC.replace(":days", ":" + "d" * 5000),
    LOGIC.replace("'named'", "'" + "x" * 5000 + "'"),
    LOGIC.replace("'named'", "'\x1b[31m'"),
    LOGIC.replace(_IN_CONDITION, f"{'x' * 5000}() IS NULL"),
]


@pytest.mark.parametrize("rows", [WRITES, MALFORMED], ids=["writes", "malformed"])
def test_sql(rows: list[str], mine: Path, place: Path, subtests: pytest.Subtests) -> None:
    for sql in rows:
        with subtests.test(ascii(sql)[-60:]):
            (mine / "named" / "logic.sql").write_text(sql)
            before = snapshot(place)

            assert_refused(refused(mine), ExitCode.ERROR, str(mine / "named"))
            assert snapshot(place) == before


#: Values of a case's rows and times, and of parameters, that only look right.
TIMES = [
    "",
    "soon",
    "2026-11-01",
    "2026-11-01T00:00",
    "2026-02-30T00:00:00Z",
    "-9w9w9w9w9w99999999w",
    "٣d",
    "9" * 5000 + "d",
]


@pytest.mark.parametrize("value", [*TIMES, "0001-01-01T00:00:00Z"], ids=lambda value: ascii(value)[:30])
def test_a_time_of_the_cases(value: str, mine: Path) -> None:
    file = mine / "named" / "cases.yaml"
    file.write_text(WHOLE_CASES.replace('"2026-11-01T00:00:00Z"', f'"{value}"', 1))
    assert_refused(refused(mine), ExitCode.ERROR, str(file))


@pytest.mark.parametrize("value", [*TIMES, "-36500d1s", "+8000000w"], ids=lambda value: ascii(value)[:30])
def test_a_time_of_a_row(value: str, mine: Path) -> None:
    file = mine / "named" / "cases.yaml"
    file.write_text(WHOLE_CASES.replace("disappeared_at: -1d", f'disappeared_at: "{value}"', 1))
    assert_refused(refused(mine), ExitCode.ERROR, str(file))


#: One of each kind of mistake, for a whole command.
KINDS: dict[str, tuple[str, bytes | Make]] = {
    "a file that is missing": ("named/cases.yaml", _gone),
    "a file that cannot be read": ("named/remediation.md", _link("itself")),
    "a file that is not UTF-8": ("named/description.md", FILE_FAULTS["not UTF-8"]),
    "YAML that is wrong": ("named/policy.yaml", YAML_FAULTS["a bracket left open"]),
    "YAML that would run": ("named/cases.yaml", YAML_FAULTS["python code"]),
    "YAML that would steer": ("named/policy.yaml", YAML_FAULTS["steering"]),
    "a value of another kind": (
        "named/policy.yaml",
        WHOLE_POLICY.replace("default: 3", "default: []").encode(),
    ),
    "an unknown key": ("frameworks/own.yaml", b"colour: red\n"),
    "SQL that is wrong": ("named/logic.sql", b"SELEC 1 FROM stage"),
    "SQL that writes": ("named/logic.sql", b"DELETE FROM stage"),
    "SQL that steers": ("named/logic.sql", LOGIC.replace("'named'", "'\x1b[31m'").encode()),
    "SQL nested too deeply": ("named/logic.sql", b"SELECT " + b"(" * 3000),
    "a time that is none": ("named/cases.yaml", WHOLE_CASES.replace("-1d", "soon", 1).encode()),
    "a policy that is not there": ("frameworks/own.yaml", FRAMEWORK.replace("named", "nobody").encode()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_ends_in_one_sentence_for(kind: str, mine: Path, run: CommandLine, place: Path) -> None:
    file, fault = KINDS[kind]
    (fault if callable(fault) else _content(fault))(mine / file)
    before = snapshot(place)

    assert_refused(run("policies", "list"), ExitCode.ERROR, str(mine / file))
    assert snapshot(place) == before


SHIPPED = "/gateledger/aws/apigateway/"
PARAMETERS = [
    ('{"/nobody": {"days": 1}}', "/nobody"),
    ('{"/own/stages/named": {"weeks": 1}}', "weeks"),
    ('{"/own/stages/named": {"days": "3"}}', "days"),
    ('{"/own/stages/named": {"days": 1.5}}', "days"),
    ('{"/own/stages/named": {"days": true}}', "days"),
    ('{"/own/stages/named": {"days": 0}}', "1 or more"),
    ('{"/own/stages/named": {"days": 10}}', "9 or less"),
    ('{"/own/stages/named": {"days": 1' + "0" * 30 + "}}", "days"),
    ('{"/own/stages/named": {"' + "x" * 5000 + '": 1}}', "no parameter"),
    ('{"' + "x" * 5000 + '": {"days": 1}}', "x"),
    ('{"\\u001b[31m": {"days": 1}}', "31m"),
    (f'{{"{SHIPPED}rest-api-stage-execution-logging": {{"levels": "ERROR, INF0"}}}}', "holds 'INF0'"),
    (
        f'{{"{SHIPPED}rest-api-stage-execution-logging": {{"levels": " , "}}}}',
        "write for example 'ERROR, INFO'",
    ),
    (f'{{"{SHIPPED}websocket-api-stage-execution-logging": {{"levels": "OFF"}}}}', "like ERROR|INFO"),
    (f'{{"{SHIPPED}rest-api-endpoint-type": {{"allowed": "EDGE;REGIONAL"}}}}', "holds 'EDGE;REGIONAL'"),
    (f'{{"{SHIPPED}rest-api-tls-policy": {{"allowed": "tls_1_2"}}}}', "holds 'tls_1_2'"),
    (f'{{"{SHIPPED}domain-name-tls-policy": {{"allowed": "TLS1.2"}}}}', "holds 'TLS1.2'"),
    (f'{{"{SHIPPED}rest-api-open-policy": {{"trusted_accounts": "1111"}}}}', "holds '1111'"),
]


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(("text", "hint"), PARAMETERS, ids=lambda value: ascii(value)[:50])
def test_parameters_of_the_settings(
    text: str, hint: str, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATELEDGER_POLICY_PARAMETERS", text)
    assert_refused(run("policies", "list"), ExitCode.ERROR, hint)


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    "name", ["", " ", "nobody", "/own/stages/nam", "x" * 100_000, "\x1b[31m", "a\nb"], ids=ascii
)
@pytest.mark.parametrize("command", ["show", "test"])
def test_a_policy_that_is_not_there(command: str, name: str, run: CommandLine, place: Path) -> None:
    before = snapshot(place)
    assert_refused(run("policies", command, name), ExitCode.ERROR, "no policy")
    assert snapshot(place) == before
