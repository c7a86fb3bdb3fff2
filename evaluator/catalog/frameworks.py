"""Compliance frameworks: a file each under ``frameworks/``, listing sections that policies serve.

A policy names the sections it serves; a framework file may name policies too, so that a framework of one's
own can build on policies that come with the program. Both ways are checked and count the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from cmdb.errors import shown
from evaluator.catalog.files import Model, Text, load_model
from evaluator.errors import PolicyError


class SectionFile(Model):
    """A section; ``section`` is empty where the framework does not number it."""

    section: str
    title: Text
    policies: list[Text] = Field(default_factory=list)


class FrameworkFile(Model):
    """``frameworks/<id>.yaml``."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    name: Text
    version: Text | None = None
    sections: list[SectionFile] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a framework."""

    framework: str
    """Name of the framework, with its version where the name carries one."""
    section: str
    """Its number; empty where the framework does not number it."""
    title: str
    policies: tuple[str, ...] = ()
    """Policies that the framework's own file names."""

    @property
    def key(self) -> str:
        """What a policy names it by: the number, or the title where there is none."""
        return self.section or self.title


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework."""

    id: str
    name: str
    version: str | None
    sections: tuple[Section, ...]
    file: Path

    def section(self, key: str) -> Section | None:
        """Return the section that a policy names by ``key``; None when there is none."""
        return next((section for section in self.sections if section.key == key), None)


def load_frameworks(files: Iterable[Path]) -> dict[str, Framework]:
    """Return the frameworks of these files by id; raises ``PolicyError`` for the first mistake."""
    frameworks: dict[str, Framework] = {}
    for file in files:
        framework = _load(file)
        for other in frameworks.values():
            if framework.id == other.id or framework.name == other.name:
                raise PolicyError(
                    f"{file}: the framework {shown(framework.id)} ({framework.name}) is already in {other.file}; "
                    "give it another id and name."
                )
        frameworks[framework.id] = framework
    return frameworks


def _load(file: Path) -> Framework:
    content = load_model(file, FrameworkFile)
    sections = tuple(
        Section(content.name, given.section.strip(), given.title, tuple(given.policies))
        for given in content.sections
    )
    seen: set[str] = set()
    for section in sections:
        if section.key in seen:
            raise PolicyError(f"{file}: the section {shown(section.key)} is there twice; remove one.")
        seen.add(section.key)
    return Framework(content.id, content.name, content.version, sections, file)
