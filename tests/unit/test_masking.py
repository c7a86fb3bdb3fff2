"""Secrets in any text, of whatever library: hidden by what they mean, not by where they stand."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import GateledgerError
from cmdb.masking import masked
from gateledger.terminal.logs import configure_logging


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see postgresql://u:c4nary@h/d now", "see postgresql://u:***@h/d now"),
        ("see postgresql://u:c4@nary@h/d now", "see postgresql://u:***@h/d now"),
        ("postgresql://u:c4/na?ry#c4nary@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u@h/d?a=b&password=c4nary&x=y", "postgresql://u@h/d?a=b&password=***&x=y"),
        ("postgresql://h/d?SSLPASSWORD=c4nary", "postgresql://h/d?SSLPASSWORD=***"),
        ("http://u:c4nary@proxy:3128", "http://u:***@proxy:3128"),
        ('endpoint URL: "https://u:c4nary@aws.example/x"', 'endpoint URL: "https://u:***@aws.example/x"'),
        ("https://c4nary@hooks.example/x", "https://***@hooks.example/x"),
        ("https://h/x?X-Amz-Signature=c4nary&a=b", "https://h/x?X-Amz-Signature=***&a=b"),
        ("https://h/x?api_key=c4nary", "https://h/x?api_key=***"),
        ("mailto://user:c4nary@example.com", "mailto://user:***@example.com"),
        ("host=h password=c4nary dbname=d", "host=h password=*** dbname=d"),
        ("host=h password='c4 nary' dbname=d", "host=h password=*** dbname=d"),
        ("aws_session_token = c4nary", "aws_session_token = ***"),
    ],
)
def test_a_secret_is_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown
    assert str(GateledgerError(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Run 7 as of 2026-11-01T02:00:00Z: 3 = 1 + 2.",
        "write for example postgresql://user:password@host:5432/gateledger.",
        "see https://appriseit.com/services/ and postgresql://user@host:5432/gateledger?sslmode=require",
        "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod",
        "the password of the database is wrong",
    ],
)
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert masked(text) == text


@given(
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
    scheme=st.sampled_from(["postgresql", "https", "slack", "json", "postgresql+psycopg2"]),
)
def test_no_password_before_a_host_survives(secret: str, scheme: str) -> None:
    assert "c4nary" not in masked(f"cannot reach {scheme}://user:c4nary{secret}c4nary@host/x: no answer")


@pytest.mark.parametrize("form", ["text", "json"])
def test_log_lines_hold_no_secret(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    configure_logging(logging.INFO, "json" if form == "json" else "text")
    try:
        address = "https://user:c4nary@proxy.example/"
        try:
            int(address)
        except ValueError:
            logging.getLogger("gateledger.test").warning(
                "failed at %s", address, exc_info=True, extra={"event": "test.failed", "address": address}
            )
    finally:
        root.handlers, root.level = before[0], before[1]
    told = capsys.readouterr().err
    assert "https://user:***@proxy.example/" in told
    assert "ValueError" in told
    assert "c4nary" not in told
