"""A command that works on an embedded database until its standard input ends.

Prints one JSON line once it works; on a known error prints the sentence to standard error and exits with 1.
SIGTERM ends it as the command line's own handler would: by an exception that passes through the lease.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import sys
from pathlib import Path

import psycopg

from cmdb.errors import GateledgerError
from cmdb.server import embedded
from cmdb.server.embedded_binaries import binaries_folder
from cmdb.server.embedded_user import ServerUser, open_installation


def main(data_dir: str, user_name: str | None = None) -> None:
    if user_name is not None:
        _become(user_name)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with embedded.lease(Path(data_dir)) as url:
            with psycopg.connect(url) as connection:
                row = connection.execute("SELECT pg_postmaster_start_time()::text").fetchone()
                assert row is not None
            print(json.dumps({"url": url, "started": row[0]}), flush=True)
            sys.stdin.read()
    except GateledgerError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def _become(user_name: str) -> None:
    """Drop root for an ordinary user, who could otherwise not read an installation in root's own folders."""
    entry = pwd.getpwnam(user_name)
    open_installation(binaries_folder(), ServerUser(entry.pw_uid, entry.pw_gid))
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    main(*sys.argv[1:])
