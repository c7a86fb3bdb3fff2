"""Compliance records take less space."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from cmdb.queries import execute_script

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
