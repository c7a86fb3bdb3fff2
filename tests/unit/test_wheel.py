"""The wheel holds every file of the packages, data files and migrations included, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def expected() -> set[str]:
    """Return the names of the packages' files as the wheel has to hold them."""
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = {name: name for name in wheel["packages"]} | wheel["force-include"]
    return {
        f"{inside}/{file.relative_to(ROOT / outside).as_posix()}"
        for outside, inside in places.items()
        for file in (ROOT / outside).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_all_files_of_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == expected()
    kinds = {Path(name).suffix for name in held}
    assert {".py", ".sql", ".yaml", ".html", ".css", ".js", ".svg", ".mako"} <= kinds
    assert "cmdb/_migrations/env.py" in held
    assert any(name.startswith("evaluator/policies/") and name.endswith("policy.yaml") for name in held)


def test_the_wheel_asks_for_no_development_tool(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
        (entries,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "gateledger = gateledger.cli:main" in archive.read(entries).decode()
    asked = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
    assert [line for line in asked if "pytest" in line and "extra ==" not in line] == []
    assert len([line for line in asked if "extra ==" not in line]) == len(PROJECT["project"]["dependencies"])


def install(installer: str, wheel: Path, folder: Path) -> Path:
    """Install the wheel into an environment of its own; return the command."""
    pinned = ("--constraint", str(ROOT / "constraints.txt"))
    folders = {
        **{f"PIPX_{name}": str(folder / name) for name in ("HOME", "BIN_DIR", "MAN_DIR")},
        **{f"UV_TOOL_{name}": str(folder / name) for name in ("DIR", "BIN_DIR")},
    }
    if installer == "pip":
        venv.create(folder / "venv", with_pip=True)
        python = str(folder / "venv" / "bin" / "python")
        order = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *pinned,
            str(wheel),
        ]
        made = folder / "venv" / "bin"
    else:
        program = shutil.which(installer)
        if program is None:
            pytest.skip(f"{installer} is not installed")
        order = {
            "pipx": [program, "install", "--pip-args", " ".join(pinned), str(wheel)],
            "uv": [program, "tool", "install", *pinned, str(wheel)],
        }[installer]
        made = folder / "BIN_DIR"
    subprocess.run(order, env=os.environ | folders, check=True, capture_output=True)
    return made / "gateledger"


@pytest.mark.long
@pytest.mark.parametrize("installer", ["pip", "pipx", "uv"])
def test_the_demo_runs_from_the_wheel_in_an_environment_of_its_own(
    wheel: Path, tmp_path: Path, installer: str
) -> None:
    done = subprocess.run(
        [str(install(installer, wheel, tmp_path)), "demo", "--nights", "2"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Night  2" in done.stdout
