"""The table of wrong options: by signature, wrong values and what the sentence has to say.

An option of the same signature is wrong in the same ways with every command. What only the database can tell
to be wrong stands in ``test_database.py``.
"""

from __future__ import annotations

Rows = list[tuple[str, str]]
"""Wrong values, and what the sentence has to say."""

LONG = "x" * 100_000
STEERING = "\x1b[31m\x07"
NOT_UTF8 = "caf\udce9"

_TIME: Rows = [
    ("", "ISO 8601"),
    (" ", "ISO 8601"),
    ("yesterday", "ISO 8601"),
    ("31.12.2026", "ISO 8601"),
    ("2026-13-01", "ISO 8601"),
    ("2026-02-30", "ISO 8601"),
    ("2026-11-01T25:00", "ISO 8601"),
    ("2026-11-01T02:00+99:00", "ISO 8601"),
    ("2026-11-01T02:00 Europe/Vienna", "ISO 8601"),
    ("0001-01-01T00:00+23:59", "ISO 8601"),
    ("9999-12-31T23:59-23:59", "ISO 8601"),
    ("-4712-01-01", "ISO 8601"),
    ("1762000000", "ISO 8601"),
    ("infinity", "ISO 8601"),
    ("now", "ISO 8601"),
    (LONG, "ISO 8601"),
    (STEERING, "ISO 8601"),
    (NOT_UTF8, "ISO 8601"),
]
_DURATION: Rows = [
    ("", "72h"),
    (" ", "72h"),
    ("26", "26h"),
    ("1.5h", "72h"),
    ("-1h", "72h"),
    ("0s", "72h"),
    ("1h1h", "72h"),
    ("1y", "72h"),
    ("36501d", "hundred years"),
    ("9" * 5000 + "d", "hundred years"),
    ("٧٢h", "72h"),
    ("soon", "72h"),
    (LONG, "72h"),
    (STEERING, "72h"),
    (NOT_UTF8, "72h"),
]
_STATUS: Rows = [
    ("", "incompliant"),
    ("FINE", "incompliant"),
    ("INCOMPLIANT,COMPLIANT", "incompliant"),
    (" INCOMPLIANT", "incompliant"),
    (LONG, "incompliant"),
    (STEERING, "incompliant"),
    (NOT_UTF8, "incompliant"),
]
_ACCOUNT: Rows = [
    ("", "12 digits"),
    ("123", "12 digits"),
    ("1111222233334", "12 digits"),
    ("11112222333a", "12 digits"),
    ("１１１１２２２２３３３３", "12 digits"),
    ("111122223333,444455556666", "12 digits"),
    ("self", "12 digits"),
    (LONG, "12 digits"),
    (STEERING, "12 digits"),
    (NOT_UTF8, "12 digits"),
]
_REGION: Rows = [
    ("", "eu-central-1"),
    ("Frankfurt", "eu-central-1"),
    ("eu-central-1a", "eu-central-1"),
    ("eu-central-１", "eu-central-1"),
    ("eu-central-1,us-east-1", "eu-central-1"),
    ("enabled", "eu-central-1"),
    (LONG, "eu-central-1"),
    (STEERING, "eu-central-1"),
    (NOT_UTF8, "eu-central-1"),
]

_PATH: Rows = [("", "is empty"), (" \t", "is empty")]


def _choice(*choices: str) -> Rows:
    hints = choices[-1]
    values = ["", "xml", choices[0].upper() + "X", f" {choices[0]}", LONG, STEERING, NOT_UTF8]
    return [(value, hints) for value in values]


def _number(least: int, most: int) -> Rows:
    values = ["", " ", "many", "1.5", "1e1", "0x10", "nan", str(least - 1), "-99", str(most + 1), "9" * 30]
    return [(value, "--") for value in [*values, "9" * 5000, LONG, STEERING, NOT_UTF8]]


OPTIONS: dict[str, Rows] = {
    "--as-of TIME": _TIME,
    "--since TIME": _TIME,
    "--deadline DURATION": _DURATION,
    "--max-age DURATION": _DURATION,
    "--keep DURATION": _DURATION,
    "--keep-counts DURATION": _DURATION,
    "--fail-on STATUS": _STATUS,
    "--status STATUS": _STATUS,
    "--account ID": _ACCOUNT,
    "--region NAME": _REGION,
    "--tag KEY=PATTERN": [(value, "is not a tag") for value in ("", " ", "env", "=legacy", LONG, STEERING)],
    "--format table|json|csv": _choice("table", "json", "csv"),
    "--format json|cloudformation": _choice("json", "cloudformation"),
    "--format ocsf|asff|csv|json|parquet": _choice("ocsf", "asff", "csv", "json", "parquet"),
    "--format commands|terraform|json": _choice("commands", "terraform", "json"),
    "--partition aws|aws-cn|aws-us-gov": _choice("aws", "aws-cn", "aws-us-gov"),
    "--partition NAME": _choice("aws", "aws-cn", "aws-us-gov"),
    "--by policy|owner|account|region|severity": _choice("policy", "owner", "account", "region", "severity"),
    "--days N": _number(1, 3660),
    "--flaps N": _number(0, 1_000_000),
    "--nights N": _number(1, 365),
    "--concurrency N": _number(1, 256),
    "--log-level LEVEL": _choice("debug", "info", "warning", "error"),
    "accounts retire ID": _ACCOUNT,
    # What else is wrong with a path, only the file system tells: ``test_files.py``, ``test_database.py``.
    "--config FILE": _PATH,
    "--out DIR": _PATH,
    "--out PATH": _PATH,
    "--keep DIR": _PATH,
    "db dump FILE": _PATH,
    "db restore FILE": _PATH,
    "exceptions apply FILE": _PATH,
}

#: Told with code 1 by the command itself, no database being asked.
NAMES: dict[str, Rows] = {
    name: [
        ("", "is not a role's name"),
        (" ", "is not a role's name"),
        ("x" * 64, "is not a role's name"),
        ("ü" * 32, "is not a role's name"),
        ("a$$b", "is not a role's name"),
        ("a\nb", "is not a role's name"),
        ("pg_x", "a meaning of its own"),
        ("gateledger_reader", "a meaning of its own"),
        ("PUBLIC", "a meaning of its own"),
        (LONG, "is not a role's name"),
        (STEERING, "is not a role's name"),
        (NOT_UTF8, "is not a role's name"),
    ]
    for name in ("--service NAME", "--reader NAME")
} | {
    "items show TYPE": [
        (value, "no item type")
        for value in ("", " ", "stages", "Stage", "rest_api,stage", LONG, STEERING, NOT_UTF8)
    ]
}

#: Only the database tells whether they are wrong: ``test_database.py``; policies: ``test_policies.py``.
ELSEWHERE = {
    *("--policy ID", "history ARN", "explain ARN", "policies show ID", "policies test [ID]..."),
    # What an exception may say is checked as in a file: ``test_exceptions_entering.py``.
    *("exceptions add ID", "exceptions end ID", "exceptions show ID", "--by NAME", "--owner NAME"),
    *("--policy PATTERN", "--account PATTERN", "--region PATTERN", "--arn PATTERN", "--api PATTERN"),
    *("--reason TEXT", "--ticket TEXT", "--until TIME", "--from TIME"),
}
#: Handed to psql as they are.
FREE = {"db psql [-- ARGUMENTS]"}
