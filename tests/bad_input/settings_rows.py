"""The table of wrong settings: by setting, how it is wrong, and what the sentence has to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

#: A value of an environment variable that is not UTF-8, as Python reads it.
NOT_UTF8 = "caf\udce9"


@dataclass(frozen=True)
class Wrong:
    """A wrong value; ``hint`` stands in the sentence. Text goes through the environment too."""

    how: str
    value: Any
    hint: str


def _no_text(example: str) -> list[Wrong]:
    return [
        Wrong("a number", 5, example),
        Wrong("a truth value", True, example),
        Wrong("a date", date(1979, 5, 27), example),
        Wrong("a table", {"a": 1}, example),
        Wrong("blank", " \t ", "empty"),
        Wrong("empty", "", "empty"),
        Wrong("NUL", "a\0b", "NUL"),
    ]


def _text(example: str) -> list[Wrong]:
    return [*_no_text(example), Wrong("a list", ["a"], example)]


def _list(example: str) -> list[Wrong]:
    return [
        Wrong("a number", 5, example),
        Wrong("a truth value", True, example),
        Wrong("a table", {"a": 1}, example),
        Wrong("a list of numbers", [111122223333], "not text"),
        Wrong("a list of lists", [["a"]], "not text"),
        Wrong("a list of nothing", [""], "empty"),
        Wrong("only commas", " , ,", "empty"),
        Wrong("empty", "", "empty"),
        Wrong("NUL", ["a\0b"], "NUL"),
    ]


_PATTERNS = [
    *(row for row in _list("*/us-*") if row.how != "a list of nothing"),
    Wrong("a list of nothing", [""], "empty"),
    Wrong("a region alone", "us-east-1", "write */us-east-1"),
    Wrong("an account that is too short", "11112222333", "no account"),
    Wrong("an account of letters", "shop/us-*", "no account"),
    Wrong("a city", "*/Frankfurt", "no region"),
    Wrong("no region after the slash", "111122223333/", "no region"),
    Wrong("two slashes", "111122223333/eu-west-1/x", "no region"),
    Wrong("everything", "*", "everything"),
    Wrong("everything in two parts", "*/*", "everything"),
    Wrong("everything letter by letter", "????????????/?*", "everything"),
    Wrong("not UTF-8", NOT_UTF8, "not UTF-8"),
]

_DURATION = [
    *(
        Wrong("a date", date(1979, 5, 27), "72h"),
        Wrong("a table", {"a": 1}, "72h"),
        Wrong("a list", ["1h"], "72h"),
    ),
    Wrong("a truth value", True, "72h"),
    Wrong("a number", 72, '"72h"'),
    Wrong("a fraction", 1.5, "72h"),
    Wrong("infinite", float("inf"), "72h"),
    Wrong("not a number", float("nan"), "72h"),
    Wrong("no unit", "72", "72h"),
    Wrong("words", "two days", "72h"),
    Wrong("nothing", "0s", "longer than nothing"),
    Wrong("negative", "-1h", "72h"),
    Wrong("a unit twice", "1h1h", "twice"),
    Wrong("years", "1y", "72h"),
    Wrong("ISO months", "P1M", "72h"),
    Wrong("ISO nothing", "P", "72h"),
    Wrong("too long", "36501d", "hundred years"),
    Wrong("far too long", "9" * 30 + "d", "hundred years"),
    Wrong("too many digits", "9" * 5000 + "d", "hundred years"),
    Wrong("too many ISO digits", "P" + "9" * 5000 + "D", "hundred years"),
    Wrong("digits of another script", "٧٢h", "72h"),
    Wrong("NUL", "7\0d", "NUL"),
    Wrong("blank", " ", "empty"),
    Wrong("empty", "", "empty"),
    Wrong("not UTF-8", NOT_UTF8, "72h"),
]
_PATH = [
    *_text("/var/lib/gateledger"),
    Wrong("a home of nobody", "~nobody-of-that-name/x", "home"),
    Wrong("not UTF-8", NOT_UTF8, "not UTF-8"),
]

SETTINGS: dict[str, list[Wrong]] = {
    "database_url": [
        *_text("postgresql://user:password@host:5432/gateledger"),
        Wrong("no URL", "localhost", "not a PostgreSQL URL"),
        Wrong("of another kind", "mysql://u:c4nary@h/d", "not a PostgreSQL URL"),
        Wrong("a file", "sqlite:///x.db", "not a PostgreSQL URL"),
        Wrong("no slashes", "postgresql:h/d", "not a PostgreSQL URL"),
        Wrong("no database", "postgresql://u:c4nary@h", "names no database"),
        Wrong("port too high", "postgresql://h:99999/d", "port"),
        Wrong("port nothing", "postgresql://h:0/d", "port"),
        Wrong("port a word", "postgresql://h:port/d", "port"),
        Wrong("a bracket left open", "postgresql://u:c4nary@[h/d", "URL that can be read"),
        *(
            Wrong(f"{letter} in the password", f"postgresql://u:c4nary{letter}x@h/d", "percent-encode")
            for letter in "@/?#%"
        ),
        Wrong("another driver's", "postgresql+asyncpg://u:c4nary@h/d", "the driver asyncpg"),
        Wrong("JDBC's", "jdbc:postgresql://h/d?user=u&password=c4nary", "leave jdbc: out"),
        Wrong("ssl=true", "postgresql://u:c4nary@h/d?ssl=true", "sslmode=require"),
        Wrong("an option twice", "postgresql://u:c4nary@/d?host=a&host=b", "host1:5432,host2:5432"),
        Wrong("not UTF-8", f"postgresql://u:{NOT_UTF8}@h/d", "not UTF-8"),
        Wrong("unknown option", "postgresql://u:c4nary@h/d?colour=red", "colour"),
    ],
    "data_dir": [*_PATH],
    "report_dir": [*_PATH],
    "accounts": [
        *_list("111122223333"),
        Wrong("too short", "12345", "12-digit"),
        Wrong("too long", "1111222233334", "12-digit"),
        Wrong("letters", "11112222333a", "12-digit"),
        Wrong("digits of another script", "１１１１２２２２３３３３", "12-digit"),
        Wrong("mixed", "self,111122223333", "mixes"),
        Wrong("both words", "self,organization", "mixes"),
        Wrong("unknown word", "all", "12-digit"),
        Wrong("a great many characters", "1" * 100_000, "12-digit"),
        Wrong("not UTF-8", NOT_UTF8, "not UTF-8"),
        Wrong("control characters", "\x1b[31m", "12-digit"),
    ],
    "role_name": [
        *_text("gateledger-reader"),
        Wrong("an ARN", "arn:aws:iam::111122223333:role/path/reader", "reader"),
        Wrong("a blank inside", "a b", "role name"),
        Wrong("too long", "r" * 65, "role name"),
        Wrong("not ASCII", "prüfer", "role name"),
        Wrong("not UTF-8", NOT_UTF8, "not UTF-8"),
        Wrong("control characters", "a\x1b[31m", "role name"),
    ],
    "external_id": [
        *_text("2 to 1224"),
        Wrong("too short", "x", "1224"),
        Wrong("too long", "x" * 1225, "1224"),
        Wrong("a blank inside", "c4nary x", "1224"),
        Wrong("not UTF-8", NOT_UTF8, "1224"),
    ],
    "regions": [
        *_list("eu-central-1"),
        Wrong("a city", "Frankfurt", "region"),
        Wrong("a zone", "eu-central-1a", "region"),
        Wrong("mixed", "enabled,eu-central-1", "region"),
        Wrong("upper case", "EU-CENTRAL-1", "region"),
        Wrong("digits of another script", "eu-central-１", "region"),
        Wrong("a line break inside", "eu-central-1\neu-west-1", "region"),
        Wrong("not UTF-8", NOT_UTF8, "not UTF-8"),
    ],
    "exclude": _PATTERNS,
    "accept_denied": _PATTERNS,
    "quota_share": [
        Wrong("words", "most", "not a number"),
        Wrong("a truth value", True, "not a number"),
        Wrong("not a number", float("nan"), "not a number"),
        Wrong("infinite", float("inf"), "up to 1"),
        Wrong("a list", [0.5], "not a number"),
        Wrong("a table", {"a": 0.5}, "not a number"),
        Wrong("empty", "", "not a number"),
        Wrong("a comma", "0,8", "not a number"),
        Wrong("percent", "80%", "not a number"),
        Wrong("digits of another script", "٠.٥", "not a number"),
        Wrong("underscores", "0.8_0", "not a number"),
        Wrong("nothing", "0", "up to 1"),
        Wrong("negative", "-0.5", "up to 1"),
        Wrong("more than all", "1.01", "up to 1"),
        Wrong("NUL", "1\0", "not a number"),
        Wrong("not UTF-8", NOT_UTF8, "not a number"),
    ],
    "schedule": [
        *_text("0 2 * * *"),
        Wrong("four fields", "0 2 * *", "five fields"),
        Wrong("six fields", "0 0 2 * * *", "five fields"),
        Wrong("a word for it", "@daily", "five fields"),
        Wrong("minute too high", "60 2 * * *", "0 2 * * *"),
        Wrong("hour too high", "0 24 * * *", "0 2 * * *"),
        Wrong("day nothing", "0 2 0 * *", "0 2 * * *"),
        Wrong("month too high", "0 2 * 13 *", "0 2 * * *"),
        Wrong("weekday too high", "0 2 * * 8", "0 2 * * *"),
        Wrong("a weekday of another language", "0 2 * * die", "0 2 * * *"),
        Wrong("a range backwards", "30-10 2 * * *", "0 2 * * *"),
        Wrong("a step of nothing", "*/0 2 * * *", "0 2 * * *"),
        Wrong("a step too long", "*/99 2 * * *", "0 2 * * *"),
        Wrong("a day that never comes", "0 2 31 2 *", "never comes"),
        Wrong("an empty part", "0,,5 2 * * *", "0 2 * * *"),
        Wrong("negative", "-5 2 * * *", "0 2 * * *"),
        Wrong("words", "every night at two please", "0 2 * * *"),
        Wrong("many digits", "9" * 5000 + " 2 * * *", "0 2 * * *"),
        Wrong("not UTF-8", f"{NOT_UTF8} 2 * * *", "0 2 * * *"),
    ],
    "timezone": [
        *_text("Europe/Vienna"),
        Wrong("unknown", "Middle/Earth", "Europe/Vienna"),
        Wrong("a path", "../../etc/passwd", "Europe/Vienna"),
        Wrong("an absolute path", "/etc/localtime", "Europe/Vienna"),
        Wrong("a folder of zones", "Europe", "Europe/Vienna"),
        Wrong("an offset", "+01:00", "Europe/Vienna"),
        Wrong("a dot", ".", "Europe/Vienna"),
        Wrong("too long", "x" * 5000, "Europe/Vienna"),
        Wrong("not UTF-8", NOT_UTF8, "Europe/Vienna"),
    ],
    "max_staleness": _DURATION,
    "methods_max_age": _DURATION,
    "statement_timeout": [*_DURATION, Wrong("longer than the server can wait", "25d", "24 days")],
    "backfill": [row for row in _DURATION if row.value is not True],
    "keep": _DURATION,
    "keep_counts": _DURATION,
    "exception_max": _DURATION,
    "deadline": _DURATION,
    "policies": [*_list("rest-api-stage-waf-web-acl")],
    "item_types": [
        *_list("domain_name,usage_plan"),
        Wrong("a type that there is not", "domain_nmae", "write * or some of"),
        Wrong("one that is not collected any more", "stage,integration", "names 'integration'"),
    ],
    "policy_dirs": [
        *_list("/etc/gateledger/policies"),
        Wrong("not there", "/does/not/exist", "not a directory"),
        Wrong("a file", "/etc/passwd", "not a directory"),
        Wrong("one of two not there", "/,/does/not/exist", "not a directory"),
        Wrong("a home of nobody", "~nobody-of-that-name/x", "home"),
        Wrong("too long", "/" + "x" * 5000, "not a directory"),
    ],
    "policy_parameters": [
        Wrong("a number", 5, "table"),
        Wrong("a list", ["a"], "table"),
        Wrong("text", "days=45", "JSON"),
        Wrong("half JSON", '{"a": {"days": 1}', "JSON"),
        Wrong("JSON list", "[1]", "table"),
        Wrong("JSON null", "null", "table"),
        Wrong("JSON nested too deeply", "[" * 100_000, "JSON"),
        Wrong("a number of too many digits", '{"a": {"days": ' + "9" * 5000 + "}}", "JSON"),
        Wrong("a key twice", '{"a": {"days": 1}, "a": {"days": 2}}', "twice"),
        Wrong("a parameter twice", '{"a": {"days": 1, "days": 2}}', "twice"),
        Wrong("not a number", '{"a": {"days": NaN}}', "'days'"),
        Wrong("infinite", '{"a": {"days": Infinity}}', "'days'"),
        Wrong("a policy without parameters", {"a": 1}, "table"),
        Wrong("a list for a parameter", {"a": {"b": [1]}}, "'b'"),
        Wrong("a table for a parameter", {"a": {"b": {"c": 1}}}, "'b'"),
        Wrong("null for a parameter", '{"a": {"b": null}}', "'b'"),
        Wrong("a date for a parameter", {"a": {"b": date(1979, 5, 27)}}, "'b'"),
        Wrong("empty", "", "JSON"),
        Wrong("not UTF-8", NOT_UTF8, "JSON"),
    ],
    "log_format": [*_text("json"), Wrong("unknown", "xml", "json"), Wrong("not UTF-8", NOT_UTF8, "json")],
    "threads": [
        Wrong("words", "many", "whole number"),
        Wrong("a truth value", True, "whole number"),
        Wrong("a fraction", 1.5, "whole number"),
        Wrong("infinite", float("inf"), "whole number"),
        Wrong("a list", [4], "whole number"),
        Wrong("a table", {"a": 4}, "whole number"),
        Wrong("a date", date(1979, 5, 27), "whole number"),
        Wrong("empty", "", "whole number"),
        Wrong("blank", " ", "whole number"),
        Wrong("nothing", "0", "256"),
        Wrong("negative", "-1", "whole number"),
        Wrong("too many", "257", "256"),
        Wrong("far too many", "9" * 5000, "whole number"),
        Wrong("digits of another script", "１６", "whole number"),
        Wrong("hexadecimal", "0x10", "whole number"),
        Wrong("NUL", "1\0", "whole number"),
        Wrong("not UTF-8", NOT_UTF8, "whole number"),
    ],
    "notify": [
        *_text("slack://"),
        Wrong("no address", "someone@example.com", "not an address"),
        Wrong("one that is none among others", ["json://h/x", "nothing"], "not an address"),
        Wrong("not UTF-8", f"json://{NOT_UTF8}", "not UTF-8"),
    ],
    "workers": [
        Wrong("words", "perhaps", "true"),
        Wrong("a number", 2, "true"),
        Wrong("a list", [True], "true"),
        Wrong("a table", {"a": True}, "true"),
        Wrong("empty", "", "true"),
        Wrong("blank", " ", "true"),
        Wrong("NUL", "true\0", "true"),
        Wrong("not UTF-8", NOT_UTF8, "true"),
    ],
    "hash_key": [
        *_text("32 random characters"),
        Wrong("too short", "c4nary", "16"),
        Wrong("not UTF-8", "x" * 20 + NOT_UTF8, "not UTF-8"),
    ],
    "owners": [*_PATH],
    "owner_tags": [
        *(row for row in _list("owner,team") if row.how != "a list of nothing"),
        Wrong("a list of nothing", [""], "empty"),
        Wrong("longer than a key", "x" * 129, "128"),
        Wrong("not UTF-8", NOT_UTF8, "not UTF-8"),
    ],
    "sensitive_tags": [
        *(row for row in _list("cost-code") if row.how != "a list of nothing"),
        Wrong("a list of nothing", [""], "empty"),
        Wrong("not UTF-8", NOT_UTF8, "not UTF-8"),
    ],
}
