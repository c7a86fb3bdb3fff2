"""What stops the embedded server from working is told in one sentence, and leaves nothing half made."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdb.errors import EmbeddedServerError
from cmdb.server import embedded
from cmdb.server.embedded_postmaster import live_postmaster
from cmdb.server.embedded_socket import socket_address
from tests.support.commands import command
from tests.support.small_disk import small_disk as mounted_small_disk


def _sentence(data_dir: Path) -> str:
    with pytest.raises(EmbeddedServerError) as caught, embedded.lease(data_dir):
        raise AssertionError("the lease was given")
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "GATELEDGER_DATA_DIR" in sentence  # says what to do next
    return sentence


def test_a_data_folder_that_is_a_file(data_dir: Path) -> None:
    # given a file where the folder should be
    file = data_dir / "file"
    file.write_text("precious")
    # then the sentence names the file, at whatever depth it is in the way
    assert str(file) in _sentence(file)
    assert f"{file} is a file" in _sentence(file / "deeper" / "still")
    assert file.read_text() == "precious"


def test_a_data_folder_on_a_pseudo_file_system() -> None:
    assert "/proc/gateledger" in _sentence(Path("/proc/gateledger"))


def test_data_of_another_major_version(made_data_dir: Path) -> None:
    # given a database made by another PostgreSQL
    marker = made_data_dir / "embedded" / "pgdata" / "PG_VERSION"
    marker.write_text("16\n")
    # then both versions and the folder are named
    sentence = _sentence(made_data_dir)
    assert "PostgreSQL 16" in sentence
    assert "PostgreSQL 18" in sentence
    assert str(marker.parent) in sentence
    # and once that is put right it works
    marker.write_text("18\n")
    with embedded.lease(made_data_dir):
        pass


def test_a_folder_with_something_else_in_it(data_dir: Path) -> None:
    foreign = data_dir / "embedded" / "pgdata" / "diary.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("dear diary")
    assert str(foreign.parent) in _sentence(data_dir)
    assert foreign.read_text() == "dear diary"


def test_a_broken_database_is_told_with_the_servers_own_words(made_data_dir: Path) -> None:
    # given a database that lost its control file
    (made_data_dir / "embedded" / "pgdata" / "global" / "pg_control").unlink()
    # then the sentence holds what the server said, and where to read on
    sentence = _sentence(made_data_dir)
    assert "pg_control" in sentence
    assert "server.log" in sentence
    assert not embedded.is_running(made_data_dir)


def test_the_short_name_of_the_socket_taken_by_a_file_of_someone_else(
    data_dir: Path, made_data_dir: Path
) -> None:
    # given a path too long for a socket, and another thing in the place of its short name
    home = data_dir / ("long" * 30)
    home.mkdir()
    (made_data_dir / "embedded").rename(home / "embedded")
    link = socket_address(home / "embedded" / "socket")
    link.unlink()
    link.symlink_to(data_dir)
    try:
        # then it is refused rather than followed
        assert str(link) in _sentence(home)
        # and no server was started that nobody could reach
        assert live_postmaster(home / "embedded" / "pgdata") is None
    finally:
        link.unlink()


@pytest.mark.usefixtures("as_root")
def test_a_folder_of_another_user(made_data_dir: Path) -> None:
    # given root's database
    # when an ordinary user tries to use it
    with command(made_data_dir, user_name="nobody") as refused:
        sentence = refused.finish()
    # then one sentence says who may not use what
    assert "nobody may not use" in sentence
    assert str(made_data_dir / "embedded") in sentence
    assert sentence.count("\n") == 1
    assert refused.process.returncode == 1


@pytest.fixture
def small_disk(data_dir: Path, as_root: None, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of its own, of the size in MB that the test names."""
    with mounted_small_disk(data_dir, request.param) as disk:
        yield disk


@pytest.mark.parametrize("small_disk", [20], indirect=True)
def test_a_disk_too_small_for_the_set_up(small_disk: Path) -> None:
    # when a database is made on a disk of 20 MB
    sentence = _sentence(small_disk)
    # then the sentence says that the disk is full and where
    assert "is full" in sentence
    assert str(small_disk) in sentence
    # and nothing half made is left
    assert not (small_disk / "embedded" / "pgdata").exists()
    assert not (small_disk / "embedded" / "pgdata.new").exists()


@pytest.mark.parametrize("small_disk", [150], indirect=True)
def test_a_disk_that_fills_up_later(small_disk: Path) -> None:
    # given a database on a disk that something else has filled since
    with embedded.lease(small_disk):
        pass
    filler = small_disk / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=1M"], capture_output=True, check=False)
    assert shutil.disk_usage(small_disk).free == 0
    # then a start says so
    assert "is full" in _sentence(small_disk)
    # and works again once there is space
    filler.unlink()
    with embedded.lease(small_disk):
        pass


def test_an_unknown_program() -> None:
    with pytest.raises(EmbeddedServerError, match="no program 'pg_nothing'"):
        embedded.embedded_binary("pg_nothing")
