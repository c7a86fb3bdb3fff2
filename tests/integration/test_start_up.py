"""What commands load before they answer: the time that people wait for is spent on imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Runs the command line and writes at its end which libraries came along.
SCRIPT = """
import atexit, sys
atexit.register(lambda: sys.stderr.write(" ".join({name.split(".")[0] for name in sys.modules})))
from gateledger.cli import main
main()
"""
NEVER = {
    "alembic",
    "sqlglot",
    "cryptography",
    "boto3",
    "botocore",
    "apprise",
    "jinja2",
    "plotext",
    "procrastinate",
}
ARN = "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"


def loaded(*arguments: str, **environment: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [("findings",), ("status",), ("history", ARN), ("findings", "--format", "json")],
    ids=" ".join,
)
def test_questions_load_nothing_that_they_do_not_need(arguments: tuple[str, ...], database_url: str) -> None:
    came = loaded(*arguments, GATELEDGER_DATABASE_URL=database_url)
    assert "psycopg" in came
    assert came & (NEVER | {"rich"}) == set()


def test_help_loads_neither_settings_nor_the_database() -> None:
    came = loaded("--help")
    assert "typer" in came
    assert came & (NEVER | {"rich", "pydantic", "sqlalchemy", "psycopg"}) == set()
