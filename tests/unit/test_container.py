"""The image's properties, and its entry point as any user id with nothing writable but its volumes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateledger.settings.model import environment_name, setting_names
from tests.support.servers import scratch_folder

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ENTRYPOINT = ROOT / "deploy" / "container" / "entrypoint.sh"
#: A user id that no system has a name for.
NAMELESS = 543_210


def instructions(name: str) -> list[str]:
    """Return the arguments of an instruction, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    return [line.split(maxsplit=1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]


def test_the_image_holds_every_package_of_the_wheel() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"][
        "targets"
    ]["wheel"]
    copied = {source for each in instructions("COPY") for source in each.split()[:-1]}
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in [*wheel["packages"], *wheel["force-include"]]:
        assert name in copied
        assert f"!{name}" in sent
    assert "deploy/container/entrypoint.sh" in copied
    assert "!deploy/container" in sent


def test_the_image_does_not_run_as_root_and_keeps_its_state_in_volumes() -> None:
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d*", user)
    assert instructions("ENTRYPOINT") == ['["gateledger-entrypoint"]']
    (volumes,) = instructions("VOLUME")
    assert {"/var/lib/gateledger", "/tmp"} <= set(re.findall(r'"([^"]+)"', volumes))  # noqa: S108
    environment = dict(part.split("=", 1) for part in instructions("ENV")[0].split())
    assert environment["HOME"] == environment["GATELEDGER_DATA_DIR"] == "/var/lib/gateledger"
    assert any("--mode=1777 /var/lib/gateledger" in each for each in instructions("RUN"))


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        # Versions of Debian's packages follow the base image.
        ["hadolint", "--ignore", "DL3008", str(ROOT / "Dockerfile")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def _open_to_all(path: Path) -> bool:
    return all(above.stat().st_mode & 0o001 for above in [path, *path.parents])


@pytest.fixture
def nameless(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a container with a random user id: no HOME, a writable data directory."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to act as another user")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys.executable).resolve(), Path(f"/usr/bin/python{version}")]
    python = next((path for path in candidates if path.exists() and _open_to_all(path)), None)
    if python is None or not _open_to_all(ROOT):
        pytest.skip("no interpreter that another user may run")
    with scratch_folder() as folder:
        folder.chmod(0o755)
        command = folder / "bin" / "gateledger"
        command.parent.mkdir()
        paths = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
        command.write_text(
            f"#!{python}\nimport sys\nsys.path[:0] = {paths!r}\nfrom gateledger.cli import main\nmain()\n",
            encoding="utf-8",
        )
        command.chmod(0o755)
        data = folder / "data"
        data.mkdir()
        data.chmod(0o1777)
        yield {"PATH": f"{command.parent}:/usr/bin:/bin", "GATELEDGER_DATA_DIR": str(data)}


def started(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ENTRYPOINT), *arguments],
        env=environment,
        cwd="/",
        user=NAMELESS,
        group=NAMELESS,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_entry_point_works_as_a_nameless_user_in_a_directory_it_may_not_write(
    nameless: dict[str, str],
) -> None:
    ended = started(nameless, "status", "--format", "json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Nothing ran yet" in ended.stdout


@pytest.mark.skipif(
    not list(Path("/usr/lib").rglob("libnss_wrapper.so")), reason="libnss-wrapper is not installed"
)
def test_the_embedded_database_works_for_a_nameless_user(nameless: dict[str, str]) -> None:
    ended = started(nameless, "db", "upgrade")
    assert (ended.returncode, ended.stderr) == (0, "")
    ended = started(nameless, "findings", "--format", "json")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "[]\n", "")


def test_the_entry_point_is_a_clean_shell_script() -> None:
    assert os.access(ENTRYPOINT, os.X_OK)
    subprocess.run(["sh", "-n", str(ENTRYPOINT)], check=True)


def test_the_example_of_env_holds_the_settings_that_compose_hands_on() -> None:
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    handed_on = set(re.findall(r"\$\{(GATELEDGER_\w+)", compose))
    assert handed_on == set(re.findall(r"^(GATELEDGER_\w+)=", example, re.MULTILINE))
    assert handed_on <= {environment_name(name) for name in setting_names()}
