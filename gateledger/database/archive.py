"""A dump's file: whether it is one of gateledger's, and which of its entries are restored.

A dump of a whole database (earlier versions made those) holds extensions and other people's objects too, and
an administrator may have added indexes and triggers to gateledger's tables that need them. None of it is
restored.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cmdb.errors import DatabaseNewer, GateledgerError
from cmdb.server.database import is_known_revision
from gateledger.database.postgres_programs import Programs, bundled, run

#: The schemas that a dump holds.
KEPT_SCHEMAS = ("cmdb", "compliance")
#: Types of entries that are never restored: rights and labels of another server, and what only others add.
_NOT_OURS = frozenset(
    {
        "ACL",
        "DEFAULT ACL",
        "EVENT TRIGGER",
        "FOREIGN TABLE",
        "POLICY",
        "PUBLICATION TABLE",
        "PUBLICATION TABLES IN SCHEMA",
        "ROW SECURITY",
        "RULE",
        "SECURITY LABEL",
    }
)
#: A line of an archive's list: numbers, type, schema (or -), and the object's name with its owner.
_ENTRY = re.compile(r"\d+; \d+ \d+ (?P<type>[A-Z]+(?: [A-Z]+)*) (?P<schema>\S+) (?P<name>.+)")
#: The comment that pg_restore writes before the statements of an entry.
_HEADING = re.compile(r"^-- Name: (?P<name>.+); Type: (?P<type>[A-Z ]+); Schema: ", re.MULTILINE)
#: A name in a schema that is neither ours nor the system's, as dumps write it.
_ELSEWHERE = re.compile(
    r"""(?<![\w."])(?!(?:cmdb|compliance|pg_catalog|old|new)\.)(?:[a-z_][\w$]*|"[^"]+")\.[\w"]"""
)
_TEXT = re.compile("'(?:[^']|'')*'")


class DumpUnreadable(GateledgerError):
    """The file is no dump of gateledger."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A dump that can be read, and the programs that read it."""

    programs: Programs
    file: Path
    entries: Sequence[str]
    """Lines of its list of contents."""

    def check(self) -> None:
        """Raise ``DumpUnreadable`` for another program's dump, ``DatabaseNewer`` for one of newer code."""
        marker = ["--data-only", "--schema=cmdb", "--table=alembic_version", "--file=-", str(self.file)]
        told = run(self.programs, "pg_restore", marker).stdout.splitlines()
        starts = [number for number, line in enumerate(told) if line.startswith("COPY cmdb.alembic_version")]
        if not starts:
            raise DumpUnreadable(
                f"{self.file} is a dump of another program's database: give one that `gateledger db dump` "
                "wrote."
            )
        revision = told[starts[0] + 1].strip()
        if not is_known_revision(revision):
            raise DatabaseNewer(
                f"The dump {self.file} (revision {revision}) was made by a newer gateledger: restore it with "
                "that one."
            )

    def ours(self) -> str:
        """Return the lines of the entries that are restored."""
        kept = [line for line in self.entries if _is_kept(line)]
        added = [line for line in kept if _type(line) in {"INDEX", "TRIGGER"}]
        others = self._need_other_schemas(added)
        return "".join(f"{line}\n" for line in kept if line not in others)

    def _need_other_schemas(self, lines: Sequence[str]) -> set[str]:
        """Return the entries whose statements name something in another schema, such as an extension's."""
        if not lines:
            return set()
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as wanted:
            wanted.write("".join(f"{line}\n" for line in lines))
            wanted.flush()
            options = [f"--use-list={wanted.name}", "--no-owner", "--file=-", str(self.file)]
            told = run(self.programs, "pg_restore", options).stdout
        headings = list(_HEADING.finditer(told))
        ends = [heading.start() for heading in headings[1:]] + [len(told)]
        names = {
            (heading["type"], heading["name"])
            for heading, end in zip(headings, ends, strict=True)
            if _ELSEWHERE.search(_TEXT.sub("", _statements(told[heading.end() : end])))
        }
        return {
            line
            for line in lines
            if any(_type(line) == kind and f" {name} " in f"{line} " for kind, name in names)
        }


def read_archive(programs: Programs, file: Path) -> Archive:
    """Return the dump, read by programs that are new enough for it: those of the installation if need be.

    Raises ``DumpUnreadable``.
    """
    said = ""
    for each in (programs, bundled(programs)):
        listed = run(each, "pg_restore", ["--list", str(file)])
        if listed.returncode == 0:
            return Archive(each, file, listed.stdout.splitlines())
        said = listed.stderr
    raise DumpUnreadable(
        f"{file} is no dump that can be read ({programs.complaint(said)}): give a file that "
        "`gateledger db dump` wrote."
    )


def _is_kept(line: str) -> bool:
    entry = _ENTRY.fullmatch(line)
    if entry is None or entry["type"] in _NOT_OURS:
        return False
    if entry["schema"] != "-":
        return entry["schema"] in KEPT_SCHEMAS
    # Schemas themselves, and comments on them, lie in no schema.
    name = entry["name"].removeprefix("SCHEMA ").split(" ", 1)[0]
    return name in KEPT_SCHEMAS and (entry["type"] == "SCHEMA" or entry["name"].startswith("SCHEMA "))


def _type(line: str) -> str:
    entry = _ENTRY.fullmatch(line)
    return "" if entry is None else entry["type"]


def _statements(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(("--", "SET ", "SELECT ")))
