"""The schema, described once: SQLAlchemy tables with constraints and comments.

Migrations create it; ``alembic check`` proves that the two agree. Statements over these tables are SQL files
beside the code that runs them: in the ``sql`` directories of the rooms, and in ``cmdb/views``.
"""

from cmdb.tables import collection, compliance, dispatch, exceptions, inventory, owners, scheduling
from cmdb.tables.base import metadata

__all__ = [
    "collection",
    "compliance",
    "dispatch",
    "exceptions",
    "inventory",
    "metadata",
    "owners",
    "scheduling",
]
