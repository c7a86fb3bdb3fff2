"""The address of the embedded server's Unix socket."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import quote

from psycopg import pq

from cmdb.errors import EmbeddedServerError

#: The port number in the socket's file name; no TCP port is opened.
PORT = 5432

# A socket's path holds 107 bytes on Linux and 103 on macOS; "/.s.PGSQL.5432" takes 14 of them.
_LONGEST = 89
# libpq reads a comma as a list of hosts, and URL parsers differ over other characters.
_PLAIN = re.compile(r"[A-Za-z0-9._/+~-]+")


def socket_uri(address: Path, name: str) -> str:
    """Return the URL of database ``name``, as the role of that name, on the socket in folder ``address``."""
    # The port is spelt out because PGPORT, set for some other server, would change it.
    return f"postgresql://{name}@/{name}?host={quote(str(address))}&port={PORT}"


def ignore_other_servers() -> None:
    """Take libpq's variables out of this process's environment, and so out of the programs that it starts.

    They are meant for some other server. PGHOSTADDR or PGSERVICE would lead past the socket whatever the URL
    says; PGSSLMODE, PGOPTIONS and others would ask of the embedded server what it does not have.
    """
    for option in pq.Conninfo.get_defaults():
        if option.envvar is not None:
            os.environ.pop(option.envvar.decode(), None)
    for name in ("PGSERVICEFILE", "PGTZ", "PGDATESTYLE", "PGGEQO"):
        os.environ.pop(name, None)


def socket_address(folder: Path) -> Path:
    """Return the path by which clients reach the socket's ``folder``.

    That is the folder itself, or, when its path is too long for a socket or its characters are unfit for a
    URL, a link to it in the temporary folder, named by a hash of the path. The link opens nothing: the folder
    behind it lets only its owner in. Raises ``EmbeddedServerError`` when the link cannot be made or its name
    is taken by someone else.
    """
    if _fits(folder):
        return folder
    link = _link_for(folder)
    try:
        link.symlink_to(folder, target_is_directory=True)
    except FileExistsError:
        if not _is_ours(link, folder):
            raise EmbeddedServerError(
                f"The path {folder} is too long for a socket, and the link {link} that would shorten it is "
                "someone else's: set GATELEDGER_DATA_DIR to a folder with a shorter path."
            ) from None
    except OSError as error:
        raise EmbeddedServerError(
            f"The path {folder} is too long for a socket, and a link to it cannot be made in {link.parent} "
            f"({error.strerror}): set GATELEDGER_DATA_DIR to a folder with a shorter path."
        ) from error
    return link


def forget_address(folder: Path) -> None:
    """Remove the link to the socket's ``folder``, if there is one; it is made again when needed."""
    if not _fits(folder):
        link = _link_for(folder)
        if _is_ours(link, folder):
            link.unlink(missing_ok=True)


def _link_for(folder: Path) -> Path:
    name = f"gateledger-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    usual = Path(tempfile.gettempdir()) / name
    return usual if _fits(usual) else Path("/tmp") / name  # noqa: S108 - ours or refused, see _is_ours


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) <= _LONGEST and _PLAIN.fullmatch(str(folder)) is not None


def _is_ours(link: Path, folder: Path) -> bool:
    # Anyone may write to the temporary folder: a link made by another user could lead to a server of theirs.
    return link.is_symlink() and link.lstat().st_uid == os.geteuid() and link.readlink() == folder
