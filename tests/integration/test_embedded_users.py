"""Who the embedded server runs as, what is opened for it, and who can reach it."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cmdb.server import embedded
from cmdb.server.embedded_binaries import binaries_folder
from cmdb.server.embedded_postmaster import live_postmaster
from cmdb.server.embedded_user import SERVER_USER, ServerUser, open_installation
from tests.support.commands import command

# 24 is PR_CAPBSET_DROP, 19 is CAP_SYS_PTRACE; the program executed next lacks the capability.
_WITHOUT_PTRACE = """
import ctypes, os, sys
assert ctypes.CDLL(None).prctl(24, 19, 0, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""

# An /etc of its own, without the server's user, in which several commands look for that user at once.
_IN_AN_ETC_OF_ITS_OWN = """
set -eu
cp -a /etc "$1/etc"
sed -i "/^$2:/d" "$1"/etc/passwd "$1"/etc/group "$1"/etc/shadow "$1"/etc/gshadow
mount --bind "$1/etc" /etc
for number in 1 2 3 4; do "$3" -c "$4" & done
wait
grep -c "^$2:" /etc/passwd
"""
_FIND_USER = """
import sys
from pathlib import Path
from cmdb.server.embedded_user import server_user
sys.stdout.write(str(server_user(Path('/nowhere/pgdata')).uid) + chr(10))
"""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("as_root")
def test_roots_server_runs_as_an_unprivileged_user(data_dir: Path) -> None:
    with embedded.lease(data_dir):
        pgdata = data_dir / "embedded" / "pgdata"
        pid = live_postmaster(pgdata)
        owner = pwd.getpwnam(SERVER_USER)
        assert owner.pw_uid != 0
        assert Path(f"/proc/{pid}").stat().st_uid == owner.pw_uid
        assert pgdata.stat().st_uid == owner.pw_uid
        assert _mode(pgdata) == 0o700
        # nobody but root and that user comes near the socket
        assert _mode(data_dir / "embedded" / "socket") == 0o700


@pytest.mark.usefixtures("as_root")
def test_the_user_is_made_once_by_commands_that_start_together(data_dir: Path) -> None:
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("mount namespaces cannot be made here")
    found = subprocess.run(
        ["unshare", "-m", "bash", "-c", _IN_AN_ETC_OF_ITS_OWN, "-", str(data_dir), SERVER_USER, sys.executable,
         _FIND_USER],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()  # fmt: skip
    assert len(set(found[:4])) == 1
    assert found[4] == "1"


@pytest.mark.usefixtures("as_root")
def test_folders_above_are_opened_for_passing_through_and_no_more(data_dir: Path) -> None:
    # given a data folder below private folders, one of which is open already
    private, shared = data_dir / "private", data_dir / "private" / "shared"
    private.mkdir()
    shared.mkdir()
    private.chmod(0o700)
    shared.chmod(0o755)
    # when root uses it
    with embedded.lease(shared / "home"):
        pass
    # then others may pass through the private one, not read it, and the open one is as it was
    assert _mode(private) == 0o701
    assert _mode(shared) == 0o755


@pytest.mark.usefixtures("as_root")
def test_an_installation_under_a_strict_umask_is_opened_for_the_server(data_dir: Path) -> None:
    # given an installation that only root can reach and read
    source = binaries_folder().parent
    private = data_dir / "venv"
    private.mkdir()
    private.chmod(0o700)
    installation = private / "pginstall"
    subprocess.run(["cp", "-r", str(source), str(installation)], check=True)
    subprocess.run(["chmod", "-R", "go-rwx", str(installation)], check=True)
    # when it is opened for an unprivileged user
    nobody = pwd.getpwnam("nobody")
    open_installation(installation / "bin", ServerUser(nobody.pw_uid, nobody.pw_gid))
    # then that user can run it
    asked = subprocess.run(
        [installation / "bin" / "postgres", "--describe-config"],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=True,
    )
    assert b"max_connections" in asked.stdout
    # and the private folder above stays unreadable
    assert _mode(private) == 0o701


@pytest.mark.usefixtures("as_root")
def test_an_ordinary_user_has_a_server_of_their_own(data_dir: Path) -> None:
    # given a folder of an ordinary user's
    nobody = pwd.getpwnam("nobody")
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
    # when that user works on it, with two commands
    with command(data_dir, user_name="nobody") as one, command(data_dir, user_name="nobody") as two:
        assert one.wait_until_working() == two.wait_until_working()
        # then everything is theirs, and shut to others
        folder = data_dir / "embedded"
        assert _mode(folder) == 0o700
        pid = live_postmaster(folder / "pgdata")
        assert Path(f"/proc/{pid}").stat().st_uid == nobody.pw_uid
        assert {path.stat().st_uid for path in folder.iterdir()} == {nobody.pw_uid}
        one.finish()
        assert embedded.is_running(data_dir)
        two.finish()
    assert not embedded.is_running(data_dir)
    # and root may use it too, leaving it usable for its owner
    with embedded.lease(data_dir):
        pid = live_postmaster(folder / "pgdata")
        assert Path(f"/proc/{pid}").stat().st_uid == nobody.pw_uid
    with command(data_dir, user_name="nobody") as again:
        again.wait_until_working()


@pytest.mark.usefixtures("as_root")
def test_another_user_cannot_connect(made_data_dir: Path) -> None:
    # given root's running server, which asks for no password
    with embedded.lease(made_data_dir) as url:
        # when another user tries to connect
        nobody = pwd.getpwnam("nobody")
        refused = subprocess.run(
            [embedded.embedded_binary("psql"), url, "-c", "SELECT 1"],
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        # then the folder of the socket keeps them out
        assert refused.returncode == 2
        assert "Permission denied" in refused.stderr


@pytest.mark.usefixtures("as_root")
def test_root_in_a_container_recognises_its_server(made_data_dir: Path) -> None:
    # given root without the right to look into other users' processes, as containers have it
    with command(made_data_dir, through=[sys.executable, "-c", _WITHOUT_PTRACE]) as one:
        one.wait_until_working()
        assert one.finish() == ""
    # then its last command stops the server all the same
    assert live_postmaster(made_data_dir / "embedded" / "pgdata") is None
    assert not embedded.is_running(made_data_dir)


@pytest.mark.usefixtures("as_root")
def test_a_data_folder_that_root_copied_is_given_to_the_servers_user(made_data_dir: Path) -> None:
    pgdata = made_data_dir / "embedded" / "pgdata"
    for path in [pgdata, *pgdata.rglob("*")]:
        os.chown(path, 0, 0)
    with embedded.lease(made_data_dir):
        owner = pwd.getpwnam(SERVER_USER).pw_uid
        assert {path.stat().st_uid for path in [pgdata, pgdata / "base", pgdata / "PG_VERSION"]} == {owner}
