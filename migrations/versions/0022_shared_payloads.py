"""Equal definitions of deployments are stored once, found by their digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import orjson
import psycopg
from alembic import op

from cmdb.queries import execute_script
from cmdb.storage.digest import Encoded

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_ROWS = 1000


def upgrade() -> None:
    _digest_definitions(cast("psycopg.Connection[Any]", op.get_bind().connection.driver_connection))
    execute_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def _digest_definitions(connection: psycopg.Connection[Any]) -> None:
    """Fill ``pg_temp.definition`` with every definition that there is, once, and the digest that a merge gives it."""
    connection.execute("CREATE TEMPORARY TABLE definition (digest bytea, payload jsonb) ON COMMIT DROP")
    with (
        connection.cursor(name="definitions", row_factory=psycopg.rows.tuple_row) as found,
        connection.cursor() as stored,
    ):
        found.execute(
            "SELECT payload::text FROM cmdb.deployment_payload UNION SELECT payload::text FROM cmdb.deployment_closed"
        )
        while rows := found.fetchmany(_ROWS):
            with stored.copy("COPY pg_temp.definition (digest, payload) FROM STDIN") as copy:
                for (payload,) in rows:
                    encoded = Encoded(None, orjson.loads(payload), frozenset())
                    copy.write_row((encoded.digest, payload))
