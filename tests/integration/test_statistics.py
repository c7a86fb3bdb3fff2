"""Statistics right after many rows were written, before autovacuum comes by."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from cmdb.storage.statistics import refresh_statistics

pytestmark = pytest.mark.both_servers

FILL = """
INSERT INTO compliance.tally_change (policy_key, condition_key, changed_at, items)
SELECT 1, n, '2026-01-01Z', 1 FROM generate_series(1, 30000) AS n
"""
FEW = "INSERT INTO compliance.owner (name) SELECT 'team ' || n FROM generate_series(1, 100) AS n"
KNOWN = "SELECT count(*) FROM pg_stats WHERE schemaname = 'compliance' AND tablename = :name"


def test_a_large_table_without_statistics_gets_them_once(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE compliance.tally_change SET (autovacuum_enabled = false)"))
        connection.execute(text("ALTER TABLE compliance.owner SET (autovacuum_enabled = false)"))
        connection.execute(text(FILL))
        connection.execute(text(FEW))

    assert refresh_statistics(engine) == 1
    assert refresh_statistics(engine) == 0

    with engine.connect() as connection:
        assert connection.scalar(text(KNOWN), {"name": "tally_change"})
        assert not connection.scalar(text(KNOWN), {"name": "owner"})
