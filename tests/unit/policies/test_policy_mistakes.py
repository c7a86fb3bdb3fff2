"""Each mistake that a policy folder can hold is refused with one sentence that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.catalog.loading import load_catalog
from evaluator.catalog.offered import AS_OF
from evaluator.errors import PolicyError

POLICY = """\
id: /own/stages/named
name: Stage names a certificate
contextual_name: Stage names a certificate
type: COMPLIANCE_POLICY
categories: [SECURITY]
severity: low
resource_type: aws.apigateway.stage
item_types: [stage]
parameters:
  days: {type: integer, default: 3, minimum: 1, description: Days.}
conditions:
  old: {status: UNDETERMINED, message: "Stage {stage_name} was read long ago."}
  named: {status: COMPLIANT, message: Named.}
  unnamed: {status: INCOMPLIANT, message: Not named., remediation: Name one.}
"""
LOGIC = """\
SELECT
  CASE WHEN stage.read_at < :as_of - :days * interval '24 hours' THEN 'old'
       WHEN stage.version_id IS NULL THEN 'unexpected'
       WHEN stage.client_certificate_id LIKE '%_' THEN 'named'
       ELSE 'unnamed' END AS condition
FROM stage
"""
#: The same, as it was written before item types were declared.
FORMER = """\
SELECT stage.stage_id, stage.account_region_id,
  CASE WHEN stage.disappeared_at IS NOT NULL THEN 'gone'
       WHEN NOT stage.is_fresh OR stage.read_at < :as_of - :days * interval '24 hours' THEN 'old'
       WHEN stage.client_certificate_id LIKE '%_' THEN 'named'
       ELSE 'unnamed' END AS condition,
  stage.version_id AS stage_version, NULL AS rest_api_version,
  NULL AS integration_version, NULL AS certificate_version
FROM stage
LEFT JOIN rest_api ON rest_api.rest_api_key = stage.rest_api_key
"""
CASES = """\
as_of: "2026-11-01T00:00:00Z"
cases:
  - {name: gone, stage: {disappeared_at: -1d}, status: DISAPPEARED, condition: stage_disappeared}
  - {name: old, stage: {read_at: -4d}, status: UNDETERMINED, condition: old}
  - {name: named, status: COMPLIANT, condition: named}
  - {name: unnamed, stage: {client_certificate_id: null}, status: INCOMPLIANT, condition: unnamed}
"""
FILES = {
    "policy.yaml": POLICY,
    "logic.sql": LOGIC,
    "cases.yaml": CASES,
    "description.md": "What it is.\n",
    "remediation.md": "What to do.\n",
}


def written(root: Path, name: str = "named", **changes: str) -> Path:
    """Write a right policy folder, with the files in ``changes`` (dots as underscores) instead."""
    folder = root / name
    folder.mkdir(parents=True)
    for file, content in FILES.items():
        (folder / file).write_text(changes.get(file.replace(".", "_"), content), encoding="utf-8")
    return folder


def sentence(root: Path) -> str:
    """Load the directory, which must fail, and return the one sentence."""
    with pytest.raises(PolicyError) as refused:
        load_catalog([root])
    text = str(refused.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_a_right_folder_of_ones_own_joins_the_catalog(tmp_path: Path) -> None:
    written(tmp_path / "deep" / "er")

    policy = load_catalog([tmp_path]).policy("/own/stages/named")

    assert [condition.name for condition in policy.conditions] == [
        "stage_disappeared",
        "inventory_stale",
        "old",
        "named",
        "unnamed",
        "unexpected",
    ]
    assert policy.item_types == ("stage",)
    assert policy.values() == {"days": 3}


@pytest.mark.parametrize("file", sorted(FILES))
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    folder = written(tmp_path)
    (folder / file).unlink()

    assert sentence(tmp_path).startswith(f"{folder / file}: the file is missing")


@pytest.mark.parametrize("file", sorted(FILES))
def test_a_file_that_is_not_utf8_too_large_or_holds_nul_is_refused(tmp_path: Path, file: str) -> None:
    folder = written(tmp_path)
    for content, words in ((b"a: \xff", "not UTF-8"), (b"#" * 1_100_000, "1 MiB"), (b"a\0b", "NUL")):
        (folder / file).write_bytes(content)

        assert words in sentence(tmp_path)
        assert str(folder / file) in sentence(tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("severity: low", "severity: [", "the YAML is wrong at line"),
        ("severity: low", "severity: low\nseverity: high", "the key 'severity' is there twice"),
        ("severity: low", "severity: &a low\ntags: [*a]", "aliases are not allowed"),
        ("severity: low", "severity: low\ncolour: red", "the key `colour` is unknown"),
        ("severity: low", "severity: grave", "`severity` is 'grave'; write one of"),
        ("severity: low", "", "the key `severity` is missing"),
        ("name: Stage names a certificate\nc", "name: 1.5\nc", "`name` is 1.5, which is not text"),
        ("name: Stage names a certificate\nc", 'name: " "\nc', "`name` is empty"),
        ("name: Stage names a certificate\nc", 'name: "a\\0b"\nc', "control character"),
        ("id: /own/stages/named", "id: own", "`id` is 'own'"),
        ("status: COMPLIANT", "status: FAILED", "`conditions.named.status` is 'FAILED'; write one of"),
        ("message: Named.", "message: Named., colour: red", "`conditions.named.colour` is unknown"),
        ("message: Named.", 'message: "{bucket}"', "holds '{bucket}'"),
        ("message: Named.", 'message: "{"', "holds '{'"),
        ("item_types: [stage]", "item_types: [bucket]", "`item_types` names 'bucket'; write some of rest_api,"),
        ("aws.apigateway.stage", "aws.s3.bucket", "`resource_type` is 'aws.s3.bucket'; write one of aws.api"),
        ("aws.apigateway.stage", "aws.apigateway.restapi", "begin with FROM rest_api"),
        ("  unnamed:", "  stage_disappeared: {status: DISAPPEARED, message: x}\n  unnamed:", "that all policies share"),
        ("  unnamed:", "  inventory_stale: {status: UNDETERMINED, message: x}\n  unnamed:", "that all policies share"),
        ("default: 3", "default: many", "parameter 'days' is 'many'"),
        ("default: 3", "default: 0", "write 1 or more"),
        ("default: 3", "default: true", "write a whole number"),
        ("minimum: 1", "each: '['", "no regular expression"),
        ("  days:", "  more: {type: text, default: a, each: b, description: b}\n  days:", "'more' holds 'a'"),
        ("  days:", "  items:", "reserved"),
        ("  days:", "  age:", "the parameter :days is not declared"),
        ("  days:", "  more: {type: text, default: a, description: b}\n  days:", "'more' is not used"),
        ("  unnamed:", "  other: {status: COMPLIANT, message: x}\n  unnamed:", "'other' is never given"),
        ("  unnamed:", "  without:", "'unnamed' is not declared"),
        ("conditions:", "frameworks: {pci: [x]}\nconditions:", "the framework 'pci' is unknown"),
        ("conditions:", "frameworks: {cloudaware: [x]}\nconditions:", "has no section 'x'"),
    ],
)  # fmt: skip
def test_a_mistake_in_policy_yaml(tmp_path: Path, before: str, after: str, words: str) -> None:
    assert before in POLICY
    folder = written(tmp_path, policy_yaml=POLICY.replace(before, after))

    text = sentence(tmp_path)

    assert words in text
    assert str(folder) in text


@pytest.mark.parametrize("content", ["", "- a\n", "just text\n"])
def test_policy_yaml_that_is_no_mapping(tmp_path: Path, content: str) -> None:
    written(tmp_path, policy_yaml=content)

    assert "not a mapping" in sentence(tmp_path)


def wide(**clauses: str) -> str:
    """Return the right logic with its FROM clause or what a branch asks replaced."""
    text = LOGIC.replace("FROM stage\n", clauses.get("origin", "FROM stage") + "\n")
    return text.replace("stage.version_id IS", f"{clauses.get('version', 'stage.version_id')} IS")


@pytest.mark.parametrize(
    ("logic", "words"),
    [
        ("", "no statement"),
        ("-- only a comment\n", "no statement"),
        (LOGIC + ";" + LOGIC, "more than one statement"),
        (LOGIC + "; DROP TABLE x", "more than one statement"),
        ("INSERT INTO stage VALUES (1)", "begins with 'INSERT'"),
        ("TABLE stage", "begins with 'TABLE'"),
        ("DO 'x'", "begins with 'DO'"),
        ("SELECT 'a", "not closed"),
        ("SELECT (1 FROM stage", "the SQL is wrong at line 1"),
        ("SELECT " + "(" * 3000, "the SQL is"),
        ("SELECT 1 UNION SELECT 2", "is UNION"),
        (LOGIC + "FOR UPDATE", "FOR UPDATE"),
        (wide(origin="INTO TEMP x FROM stage"), "SELECT INTO"),
        ("WITH gone AS (DELETE FROM stage RETURNING item_id) " + LOGIC, "DELETE"),
        ("WITH RECURSIVE r AS (SELECT 1 AS a) " + LOGIC, "recursive"),
        ("WITH stage AS (SELECT 1 AS a) " + LOGIC, "names a relation 'stage'"),
        ("SELECT * FROM stage", "`*`"),
        ("SELECT stage.* FROM stage", "`*`"),
        (wide(origin="FROM cmdb.stage"), "without a schema"),
        (wide(origin="FROM stage LEFT JOIN pg_authid ON true"), "not offered"),
        (wide(origin="FROM stage LEFT JOIN generate_series(1, 2) AS g ON true"), "generate_series()"),
        (wide(origin="FROM stage LEFT JOIN LATERAL pg_ls_dir('/') AS g ON true"), "pg_ls_dir()"),
        (wide(origin="FROM stage LEFT JOIN LATERAL (SELECT stage.colour) AS g ON true"), "a column is not there"),
        (wide(origin="FROM stage CROSS JOIN LATERAL (SELECT 1 AS one) AS g"), "LEFT JOIN"),
        (wide(origin="FROM stage LEFT JOIN served_methods(stage.tags) AS g ON true"), "write columns for"),
        (wide(origin="FROM stage LEFT JOIN served_methods(stage.tags, (SELECT 1)) AS g ON true"), "write columns for"),
        (wide(version="served_methods(stage.tags, stage.tags)"), "gives rows; write FROM served_methods(...)"),
        (LOGIC + "UNION ALL " + LOGIC, "is UNION; write one plain SELECT"),
        (wide(origin="FROM stage WHERE stage.is_fresh"), "has WHERE"),
        (wide(origin="FROM stage LIMIT 1"), "LIMIT"),
        (wide(origin="FROM stage GROUP BY stage.item_id"), "has GROUP"),
        (wide(origin="FROM stage JOIN rest_api ON true"), "LEFT JOIN"),
        (wide(origin="FROM stage, rest_api"), "LEFT JOIN"),
        (wide(origin="FROM rest_api"), "FROM stage"),
        (wide(origin="FROM stage TABLESAMPLE system (1)"), "system()"),
        (wide(version="now()"), f"calls now(), which a policy may not; use the parameter :{AS_OF}"),
        (wide(version="current_timestamp"), "asks the clock"),
        (wide(version="current_user"), "asks the clock or the session"),
        (wide(version="'now'::timestamptz"), "the cast"),
        (wide(version="('no' || 'w')::timestamptz"), "the cast"),
        (wide(version="(stage.read_at < 'today')"), "'today'"),
        (wide(version="'pg_class'::regclass"), "the cast"),
        (wide(version="pg_sleep(1)"), "pg_sleep()"),
        (wide(version="PG_READ_FILE ('/etc/passwd')"), "pg_read_file()"),
        (wide(version="set_config('a', 'b', false)"), "set_config()"),
        (wide(version="dblink('a', 'b')"), "dblink()"),
        (wide(version="nextval('s')"), "nextval()"),
        (wide(version="lo_import('/x')"), "lo_import()"),
        (wide(version="query_to_xml('x', true, true, '')"), "query_to_xml()"),
        (wide(version="pg_catalog.btrim('x')"), "btrim()"),
        (wide(version='"pg_sleep"(1)'), "pg_sleep()"),
        (wide(version="pg_sleep/**/(1)"), "pg_sleep()"),
        (wide(version="random()"), "random()"),
        (wide(version="$$x$$"), "'$'"),
        (wide(version="E'\\n'"), "'\\\\'"),
        (wide(version="%(days)s"), "not written as `:name`"),
        (wide(version=":weeks"), ":weeks is not declared"),
        (wide(version="stage.colour"), "a column is not there"),
        (wide(version="colour"), "'colour' names no relation; write relation.column"),
        (wide(version="stage_name"), "'stage_name' names no relation; write relation.column"),
        (wide(version="(SELECT min(read_at) FROM scope)"), "'read_at' names no relation"),
        (wide(version="cmdb.stage.stage_name"), "names a schema"),
        (wide(version='stage.stage_name COLLATE "de-x-icu"'), 'write COLLATE "C"'),
        (wide(version="stage"), "whole row"),
        (LOGIC.replace("AS condition", "AS verdict"), "'condition' is missing"),
        (LOGIC.replace("FROM", ", 1 AS more FROM"), "'more' is not expected"),
        (LOGIC.replace("FROM", ", stage.item_id FROM"), "'item_id' is not expected"),
        (LOGIC.replace("FROM", ", 'old' AS condition FROM"), "two output columns"),
        (LOGIC.replace("'unnamed'", "'stage_disappeared'"), "'stage_disappeared' is asked before every policy's own"),
        (LOGIC.replace("'old'", "'inventory_stale'"), "'inventory_stale' is asked before every policy's own"),
        (LOGIC.replace("CASE", "CASE stage.stage_name"), "compares stage.stage_name with each branch"),
        (FORMER, "'stage_id' is of the form that former versions read; return only condition"),
        (FORMER.replace("stage.stage_id", "stage.item_id"), "join by item_id and parent_id"),
        (wide(version="stage.rest_api_key"), "'rest_api_key' is of the form that former versions read"),
        (wide(origin='FROM stage LEFT JOIN rest_api AS "Api" ON true'), "the name 'Api' in quotes; write names in"),
        (wide(origin="FROM stage LEFT JOIN rest_api AS _api ON true"), "rows are called '_api'; begin with a letter"),
        (wide(origin=f"FROM stage LEFT JOIN rest_api AS {'a' * 40} ON true"), "begin with a letter and take at most"),
        (LOGIC.replace("'unnamed'", "lower('X')"), "gives LOWER('X')"),
        (LOGIC.replace("CASE", "upper(CASE").replace("END", "END)"), "is not a CASE"),
    ],
)  # fmt: skip
def test_a_mistake_in_logic_sql(tmp_path: Path, logic: str, words: str) -> None:
    folder = written(tmp_path, logic_sql=logic)

    text = sentence(tmp_path)

    assert words in text
    assert text.startswith(f"{folder / 'logic.sql'}: ")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("as_of: ", "on: ", "cases.yaml"),
        ('"2026-11-01T00:00:00Z"', '"2026-11-01T00:00:00"', "write a time with its zone"),
        ("name: named", "name: gone", "two cases are called 'gone'"),
        ("disappeared_at: -1d", "disappeared_at: soon", "`stage.disappeared_at` is 'soon'"),
        ("disappeared_at: -1d", "vanished: -1d", "no column 'vanished'"),
        ("read_at: -4d", "is_fresh: 0", "write a value of type boolean"),
        ("status: COMPLIANT", "status: INCOMPLIANT", "but policy.yaml gives it COMPLIANT"),
        ("condition: named}", "condition: unheard}", "no condition of policy.yaml"),
        ("condition: named}", "condition: unnamed, over: old}", "with status 'COMPLIANT'"),
        ("condition: old}", "condition: old, over: stage_disappeared}", "does not come after old"),
        ("condition: old}", "condition: old, over: old}", "does not come after old"),
        ("condition: old}", "condition: inventory_stale, over: stage_disappeared}", "not come after inventory_stale"),
        ("condition: old}", "condition: old, evidence: [scope]}", "`evidence` names 'scope'"),
        ("condition: old}", "condition: old, evidence: [bucket]}", "`evidence` names 'bucket'"),
        ("condition: old}", "condition: old, parameters: {weeks: 1}}", "no parameter 'weeks'"),
        ("condition: old}", "condition: old, bucket: null}", "the key `bucket` is unknown"),
        ("condition: old}", "condition: old, stage: null}", "cases.yaml"),
        ("  - {name: named, status: COMPLIANT, condition: named}\n", "", "no case expects the condition"),
    ],
)  # fmt: skip
def test_a_mistake_in_cases_yaml(tmp_path: Path, before: str, after: str, words: str) -> None:
    assert before in CASES
    folder = written(tmp_path, cases_yaml=CASES.replace(before, after))

    text = sentence(tmp_path)

    assert words in text
    assert str(folder / "cases.yaml") in text


def test_directories_that_do_not_serve(tmp_path: Path) -> None:
    assert "no such directory" in sentence(tmp_path / "nowhere")
    assert "no folder in it holds a policy.yaml" in sentence(tmp_path)


def test_a_link_that_leads_back_up_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (folder / "again").symlink_to(tmp_path, target_is_directory=True)

    assert "leads back" in sentence(tmp_path)


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")

    assert str(folder / "loop") in sentence(tmp_path)


def test_the_same_folder_by_two_ways_is_one_policy_and_a_copy_is_refused(tmp_path: Path) -> None:
    first = written(tmp_path, "first")
    assert len(load_catalog([tmp_path, first]).policies) == len(load_catalog().policies) + 1

    second = written(tmp_path, "second")

    assert str(first) in sentence(tmp_path)
    assert str(second / "policy.yaml") in sentence(tmp_path)


def test_a_case_without_an_else_ends_in_the_shared_condition(tmp_path: Path) -> None:
    written(
        tmp_path,
        logic_sql=LOGIC.replace("ELSE 'unnamed' END", "WHEN stage.is_fresh THEN 'unnamed' END"),
    )

    policy = load_catalog([tmp_path]).policy("/own/stages/named")

    assert policy.logic.conditions[-1] == "unexpected"
    assert policy.status_of("unexpected") == "UNDETERMINED"


def test_a_policy_may_word_the_unexpected_itself(tmp_path: Path) -> None:
    own = "  unexpected: {status: UNDETERMINED, message: Look at it.}\n"
    case = "  - {name: odd, stage: {version_id: null}, status: UNDETERMINED, condition: unexpected}\n"
    written(tmp_path, policy_yaml=POLICY + own, cases_yaml=CASES + case)

    policy = load_catalog([tmp_path]).policy("/own/stages/named")

    assert [c.message for c in policy.conditions if c.name == "unexpected"] == ["Look at it."]


def test_a_case_that_expects_what_the_logic_never_gives_over_another_is_refused(tmp_path: Path) -> None:
    never = LOGIC.replace("'unexpected'", "'unnamed'")
    case = "  - {name: odd, status: UNDETERMINED, condition: unexpected, over: named}\n"
    written(tmp_path, logic_sql=never, cases_yaml=CASES + case)

    assert "'unexpected', which logic.sql never gives" in sentence(tmp_path)


def test_what_a_policy_needs_read_follows_from_what_it_reads(tmp_path: Path) -> None:
    joined = "FROM stage LEFT JOIN certificate ON certificate.certificate_id = stage.client_certificate_id"
    written(
        tmp_path,
        policy_yaml=POLICY.replace("item_types: [stage]\n", ""),
        logic_sql=LOGIC.replace("FROM stage", joined),
    )

    policy = load_catalog([tmp_path]).policy("/own/stages/named")

    assert set(policy.item_types) == {"stage", "client_certificate", "acm_certificate"}


def test_an_order_may_name_an_output_of_its_own_select(tmp_path: Path) -> None:
    read = "EXISTS (SELECT scope.status AS state FROM scope ORDER BY {}) AND stage.version_id IS NULL"
    logic = LOGIC.replace("stage.version_id IS NULL", read)
    folder = written(tmp_path, logic_sql=logic.format("state"))
    assert load_catalog([tmp_path]).policy("/own/stages/named").logic.relations == {"stage", "scope"}
    (folder / "logic.sql").write_text(logic.format("read_at"), encoding="utf-8")
    assert "'read_at' names no relation" in sentence(tmp_path)
