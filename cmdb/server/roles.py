"""Roles of the database: the owner upgrades, the service reads and writes data, the reader reads the views.

The owner is whoever runs ``gateledger db upgrade``. Beside the logins of service and reader there are two
roles that nobody logs in as: ``gateledger_reader`` (may read the schema ``report``) and ``gateledger_policy``
(what policies' SQL runs as: may read what it is offered).
"""

from __future__ import annotations

from psycopg import sql
from sqlalchemy import Engine

from cmdb.errors import GateledgerError
from cmdb.items import item_types
from cmdb.queries import query, query_text
from cmdb.server.database import transaction

_SQL = "cmdb.server.sql"

READER = "gateledger_reader"
POLICY = "gateledger_policy"
#: PostgreSQL cuts longer names off.
_LONGEST_NAME = 63


def policy_grants() -> str:
    """Return the statement that lets the role of policies' SQL read what policies are offered."""
    tables = [
        f"'cmdb.{declared.name}{suffix}'"
        for declared in item_types()
        for suffix in ("", "_closed", *(["_payload"] if declared.has_payload else []))
    ]
    return query_text("grant_policy", _SQL).replace("{items}", ", ".join(tables))


class RoleNameWrong(GateledgerError):
    """A role's name cannot be used; choose another."""


def roles_script(service: str | None, reader: str | None) -> str:
    """Return the statements that make these logins and give them their rights; none contains a password.

    Raises ``RoleNameWrong`` for names that PostgreSQL would not take, or that would mix the roles up.
    """
    names = [name for name in (service, reader) if name is not None]
    for name in names:
        _check(name)
    if len(set(names)) < len(names):
        raise RoleNameWrong(f"Service and reader are both {names[0]!r}: give each a login of its own.")
    parts = [query("roles", _SQL).format(names=sql.SQL(", ").join(map(sql.Literal, names))).as_string()]
    parts.append(policy_grants() + ";\n")
    parts.append(query_text("grant_reader", _SQL) + ";\n")
    if service is not None:
        parts.append(query("roles_service", _SQL).format(service=sql.Literal(service)).as_string())
    if reader is not None:
        parts.append(query("roles_reader", _SQL).format(reader=sql.Literal(reader)).as_string())
    return "\n".join(parts)


def apply_roles(engine: Engine, service: str | None, reader: str | None) -> None:
    """Make the roles in one transaction; raises ``RoleNameWrong``, and what PostgreSQL raises."""
    script = roles_script(service, reader)
    with transaction(engine) as connection:
        owner = connection.execute("SELECT current_user").fetchone()
        if owner is not None and owner[0] in {service, reader}:
            raise RoleNameWrong(
                f"{owner[0]!r} is the owner, as whom this command runs: give service and reader logins of "
                "their own."
            )
        connection.execute(script.encode())


def _check(name: str) -> None:
    # A dollar sign could end the quotes around the statements.
    if not name.strip() or not name.isprintable() or "$" in name or len(name.encode()) > _LONGEST_NAME:
        shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
        raise RoleNameWrong(
            f"{shown!r} is not a role's name: write 1 to {_LONGEST_NAME} letters, digits and underscores, "
            "for example gateledger_service."
        )
    if name.lower().startswith("pg_") or name.lower() in {READER, POLICY, "public", "none"}:
        raise RoleNameWrong(f"{name!r} has a meaning of its own: choose another name for the login.")
