"""Frameworks: which of their sections are served, by which policies, and how the items stand there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from evaluator.catalog.frameworks import Framework
from gateledger.report.queries import Record
from gateledger.report.rendering import file_name
from gateledger.report.site import PolicyEntry, Site
from gateledger.report.tallies import Tally


@dataclass(frozen=True, slots=True)
class SectionRow:
    """A section with the policies that serve it; none: nothing here judges what it asks."""

    section: str
    title: str
    policies: Sequence[PolicyEntry]
    tally: Tally
    with_exceptions: Decimal | None


@dataclass(frozen=True, slots=True)
class FrameworkRow:
    """A framework with its sections, in its own order."""

    name: str
    page: str
    sections: Sequence[SectionRow]
    tally: Tally
    """Findings of all policies that serve any section, each counted once."""

    @property
    def served(self) -> int:
        """Sections that a policy serves."""
        return sum(bool(row.policies) for row in self.sections)


def frameworks_of(site: Site, catalog: Iterable[Framework]) -> list[FrameworkRow]:
    """Return all frameworks: those of the catalog whole, others as far as policies that judged serve them."""
    known: dict[str, dict[tuple[str, str], Record]] = {}
    for row in site.facts.frameworks:
        known.setdefault(row["framework"], {})[row["section"], row["title"]] = row
    listed = {
        framework.name: [(section.section, section.title) for section in framework.sections]
        for framework in catalog
    }
    for name, rows in known.items():
        if name not in listed:
            listed[name] = list(rows)
    taken: set[str] = {"index"}
    return [
        _framework(
            site, name, f"frameworks/{file_name(name.lower(), taken)}.html", sections, known.get(name, {})
        )
        for name, sections in sorted(listed.items())
    ]


def write_frameworks(site: Site, frameworks: Sequence[FrameworkRow]) -> None:
    """Write the list and the page of every framework."""
    site.write(
        "frameworks/index.html",
        "frameworks.html",
        title="Frameworks",
        section="frameworks",
        frameworks=frameworks,
    )
    for framework in frameworks:
        site.write(
            framework.page,
            "framework.html",
            title=framework.name,
            section="frameworks",
            framework=framework,
        )


def _framework(
    site: Site,
    name: str,
    page: str,
    sections: Sequence[tuple[str, str]],
    known: Mapping[tuple[str, str], Record],
) -> FrameworkRow:
    rows = [_section(site, name, section, title, known.get((section, title))) for section, title in sections]
    total = Tally()
    for policy_id in sorted({entry.policy_id for row in rows for entry in row.policies}):
        total.include(site.tally(policy_id))
    return FrameworkRow(name, page, rows, total)


def _section(site: Site, framework: str, section: str, title: str, row: Record | None) -> SectionRow:
    """Return a section; policies that have not judged yet serve it by what their folder says."""
    judged = set() if row is None else set(row["policy_ids"])
    serving = [
        entry
        for entry in site.policies
        if entry.policy_id in judged
        or (
            entry.policy is not None
            and any(
                (one.framework, one.section, one.title) == (framework, section, title)
                for one in entry.policy.sections
            )
        )
    ]
    if row is None:
        return SectionRow(section, title, serving, Tally(), None)
    tally = Tally(row["incompliant"], row["undetermined"], row["compliant"], row["inapplicable"])
    return SectionRow(section, title, serving, tally, row["compliance_percent_with_exceptions"])
