"""The catalog: every policy folder and framework, read and checked whole before anything runs."""

from __future__ import annotations

import dataclasses
import difflib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import resources
from pathlib import Path

from cmdb.errors import shown
from cmdb.items import ItemType, item_type, item_types
from evaluator.catalog.cases import Case, CaseList, load_cases
from evaluator.catalog.files import load_model, read_text
from evaluator.catalog.fixes import check_fixes
from evaluator.catalog.frameworks import Framework, Section, load_frameworks
from evaluator.catalog.logic import Logic, check_logic
from evaluator.catalog.offered import SCOPE
from evaluator.catalog.parameters import effective
from evaluator.catalog.policy import Condition, Policy, PolicyFile, Status
from evaluator.catalog.remembered import MEMORY
from evaluator.catalog.shared import SharedCondition, shared_conditions
from evaluator.errors import PolicyError

log = logging.getLogger(__name__)

FILES = ("policy.yaml", "logic.sql", "description.md", "remediation.md", "cases.yaml")
"""What a policy folder holds."""
FRAMEWORKS = "frameworks"
"""Directory of framework files, beside the policies."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """All policies, ordered by id, and all frameworks, ordered by id."""

    policies: tuple[Policy, ...]
    frameworks: tuple[Framework, ...]

    def policy(self, policy_id: str) -> Policy:
        """Return a policy by its id; raises ``PolicyError`` when there is none."""
        for policy in self.policies:
            if policy.id == policy_id:
                return policy
        raise PolicyError(
            f"There is no policy {shown(policy_id)}: "
            f"{_nearest(policy_id, [policy.id for policy in self.policies])}."
        )

    def enabled(self, patterns: Sequence[str] | None) -> tuple[Policy, ...]:
        """Return the policies that whole ids, last parts of ids or patterns (``*``, ``?``) of either name.

        None: those that are enabled by default. Raises ``PolicyError`` for a pattern that no policy matches.
        """
        if patterns is None:
            return tuple(policy for policy in self.policies if policy.is_default)
        for pattern in patterns:
            if not any(_is_named(policy.id, pattern) for policy in self.policies):
                raise PolicyError(
                    f"settings: GATELEDGER_POLICIES names {shown(pattern)}, which no policy is called; "
                    "`gateledger policies list` shows them."
                )
        return tuple(
            policy for policy in self.policies if any(_is_named(policy.id, pattern) for pattern in patterns)
        )


def _nearest(name: str, known: list[str]) -> str:
    """Return what to write instead of a policy's name: those that resemble it."""
    last = {known_id.rpartition("/")[2]: known_id for known_id in known}
    near = difflib.get_close_matches(name[:200].rpartition("/")[2], last, n=3, cutoff=0.5)
    meant = " or ".join(last[found] for found in near)
    return f"{f'choose {meant}; ' if meant else ''}`gateledger policies list` shows all"


def _is_named(policy_id: str, pattern: str) -> bool:
    names = (policy_id, policy_id.rpartition("/")[2])
    return any(fnmatchcase(name, pattern) for name in names)


def load_catalog(
    extra_dirs: Sequence[Path] = (), parameters: Mapping[str, Mapping[str, object]] | None = None
) -> Catalog:
    """Return the policies that come with the program and those of ``extra_dirs``.

    ``parameters`` (policy id -> name -> value) override defaults. Raises ``PolicyError`` with one sentence
    for the first mistake in any folder, framework or parameter.
    """
    package = Path(str(resources.files("evaluator")))
    roots = [package / "policies", *extra_dirs]
    framework_roots = [package, *extra_dirs]
    frameworks = load_frameworks(
        file for root in framework_roots for file in sorted((root / FRAMEWORKS).glob("*.yaml"))
    )
    policies: dict[str, Policy] = {}
    seen: set[Path] = set()
    for root in roots:
        for folder in _policy_folders(root, seen):
            policy = load_policy(folder, frameworks)
            if policy.id in policies:
                raise PolicyError(
                    f"{folder / 'policy.yaml'}: the id {shown(policy.id)} is already that of "
                    f"{policies[policy.id].folder}; give it another id."
                )
            policies[policy.id] = policy
    MEMORY.keep()
    _link_back(policies, frameworks)
    _override(policies, parameters or {})
    log.debug("catalog of %d policies", len(policies), extra={"event": "catalog.loaded"})
    ordered = tuple(policies[policy_id] for policy_id in sorted(policies))
    return Catalog(ordered, tuple(frameworks[framework] for framework in sorted(frameworks)))


def load_policy(folder: Path, frameworks: Mapping[str, Framework]) -> Policy:
    """Return the policy of one folder; raises ``PolicyError`` for the first mistake in it."""
    try:
        texts = tuple(read_text(folder / name) for name in FILES)
    except PolicyError:
        load_model(folder / "policy.yaml", PolicyFile)  # what is wrong in the first file is told first
        raise
    content, policy = _checked(folder, texts, item_types())
    return dataclasses.replace(policy, sections=_sections(folder / "policy.yaml", content, frameworks))


@lru_cache(maxsize=200)
def _checked(folder: Path, texts: tuple[str, ...], _known: tuple[ItemType, ...]) -> tuple[PolicyFile, Policy]:
    """Return the policy of these texts over the known item types, without its sections.

    What a process loads for every night is so checked once.
    """
    source = folder / "policy.yaml"
    given = dict(zip(FILES, texts, strict=True))
    content = load_model(source, PolicyFile, given["policy.yaml"])
    effective(str(source), content.parameters, {}, is_written=True)
    logic = _logic(folder, content, given["logic.sql"])
    _check_conditions(folder, content, logic)
    incompliant = [name for name, one in content.conditions.items() if one.status is Status.INCOMPLIANT]
    check_fixes(str(source), content.fixes, content.item, incompliant)
    description = _prose(folder / "description.md", given["description.md"])
    remediation = _prose(folder / "remediation.md", given["remediation.md"])
    policy = Policy(
        folder=folder,
        id=content.id,
        name=content.name,
        contextual_name=content.contextual_name,
        type=content.type,
        categories=tuple(content.categories),
        severity=content.severity,
        tags=tuple(content.tags),
        resource_type=content.resource_type,
        item_types=tuple(dict.fromkeys([*_scopes(logic), *content.item_types])),
        parameters=content.parameters,
        conditions=_all_conditions(content),
        similar=tuple(content.similar),
        logic=logic,
        description=description,
        remediation=remediation,
        cases=_cases(folder, content, given),
        sections=(),
        is_default=content.default,
        fixes=content.fixes,
    )
    return content, policy


def _policy_folders(root: Path, seen: set[Path]) -> list[Path]:
    if not root.is_dir():
        raise PolicyError(f"{root}: there is no such directory; correct the policy directories.")
    found = []
    for folder, real, names in _walk(root, ()):
        if not names & {*FILES, "policy.yml"}:
            continue
        if "policy.yaml" not in names:
            hint = "rename policy.yml" if "policy.yml" in names else "add it"
            raise PolicyError(f"{folder / 'policy.yaml'}: the file is missing; {hint}.")
        found.append((folder, real))
    if not found and not (root / FRAMEWORKS).is_dir():
        raise PolicyError(f"{root}: no folder in it holds a policy.yaml; add one or leave the directory out.")
    fresh = [(folder, real) for folder, real in found if real not in seen]
    seen.update(real for _, real in fresh)
    return [folder for folder, _ in fresh]


def _walk(folder: Path, above: tuple[Path, ...]) -> Iterator[tuple[Path, Path, set[str]]]:
    """Yield each directory, where it lies without links, and its names.

    A link that leads back up is refused, dot names are passed by.
    """
    try:
        real = folder.resolve(strict=True)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PolicyError(f"{folder}: the directory cannot be read ({reason}); check it.") from None
    if real in above:
        raise PolicyError(f"{folder}: the link leads back to {real}, which it is in; remove the link.")
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in visible:
        if entry.is_symlink() and not Path(entry.path).exists():
            raise PolicyError(f"{entry.path}: the link leads nowhere; remove or correct it.")
    yield folder, real, {entry.name for entry in visible if not entry.is_dir()}
    for entry in visible:
        if entry.is_dir():
            yield from _walk(Path(entry.path), (*above, real))


def check_cases(source: str, cases: str, policy: str, logic: str) -> int:
    """Return how many cases a policy's file has, all of them right for the policy.

    ``source`` is the file, ``cases`` what it holds; ``policy`` and ``logic`` are what ``policy.yaml`` and
    ``logic.sql`` beside it hold.
    """
    path = Path(source)
    content = load_model(path.parent / "policy.yaml", PolicyFile, policy)
    found = load_cases(path, content.item, cases)
    _check_cases(path, content, _logic(path.parent, content, logic), found)
    return len(found)


def _logic(folder: Path, content: PolicyFile, text: str) -> Logic:
    return MEMORY.of(check_logic)(
        str(folder / "logic.sql"), text, sorted(content.parameters), content.item.name
    )


def _cases(folder: Path, content: PolicyFile, given: Mapping[str, str]) -> CaseList:
    """Return a policy's cases; that they are right is remembered, so that they need not be read for it again."""
    path, text = folder / "cases.yaml", given["cases.yaml"]
    checked = MEMORY.of(check_cases)(str(path), text, given["policy.yaml"], given["logic.sql"])
    return CaseList(path, content.item, text, checked)


def _prose(path: Path, text: str) -> str:
    if not text.strip():
        raise PolicyError(f"{path}: the file is empty; write what it is for.")
    return text.strip() + "\n"


def _scopes(logic: Logic) -> list[str]:
    """Return the scopes that have to be read for what a logic reads."""
    return [
        scope.name for relation in sorted(logic.relations - {SCOPE}) for scope in item_type(relation).scopes
    ]


def _all_conditions(content: PolicyFile) -> tuple[Condition, ...]:
    """Return a policy's conditions in the order in which they are asked, the shared ones among them."""
    own = [
        Condition(name, given.status, given.message, given.remediation, given.change)
        for name, given in content.conditions.items()
    ]
    shared = shared_conditions(content.item)
    before = [one for one in shared if one.asks is not None]
    after = [one for one in shared if one.asks is None and one.name not in content.conditions]
    return (*map(_condition, before), *own, *map(_condition, after))


def _condition(shared: SharedCondition) -> Condition:
    return Condition(shared.name, Status(shared.status), shared.message, shared.remediation)


def _check_conditions(folder: Path, content: PolicyFile, logic: Logic) -> None:
    shared = {one.name: one for one in shared_conditions(content.item)}
    for name in logic.conditions:
        if name not in content.conditions and name not in shared:
            raise PolicyError(
                f"{folder / 'logic.sql'}: the condition {shown(name)} is not declared; declare it in policy.yaml."
            )
    for name in content.conditions:
        if name in shared and shared[name].asks is not None:
            raise PolicyError(
                f"{folder / 'policy.yaml'}: the condition {shown(name)} is one that all policies share; remove it."
            )
        if name not in logic.conditions:
            raise PolicyError(
                f"{folder / 'policy.yaml'}: the condition {shown(name)} is never given by logic.sql; "
                "add a branch to its CASE or remove the condition."
            )


def _check_cases(path: Path, content: PolicyFile, logic: Logic, cases: Sequence[Case]) -> None:
    known = {condition.name: condition for condition in _all_conditions(content)}
    for case in cases:
        declared = known.get(case.condition)
        if declared is None:
            raise PolicyError(
                f"{path}: case {shown(case.name)} expects {shown(case.condition)}, which is no condition of "
                f"policy.yaml; write one of {', '.join(known)}."
            )
        if declared.status != case.status:
            raise PolicyError(
                f"{path}: case {shown(case.name)} expects {shown(case.condition)} with status "
                f"{shown(case.status)}, but policy.yaml gives it {declared.status}; correct one of them."
            )
        if case.condition not in logic.conditions:
            raise PolicyError(
                f"{path}: case {shown(case.name)} expects {shown(case.condition)}, which logic.sql never gives; "
                "add a branch to its CASE or remove the case."
            )
        if case.over is not None:
            later = logic.conditions[logic.conditions.index(case.condition) + 1 :]
            if case.over not in later:
                raise PolicyError(
                    f"{path}: case {shown(case.name)} says `over: {case.over}`, which does not come after "
                    f"{case.condition}; name a later condition."
                )
        effective(f"{path}: case {shown(case.name)}", content.parameters, case.parameters, is_written=True)
    tried = {case.condition for case in cases}
    for name in content.conditions:
        if name not in tried:
            raise PolicyError(f"{path}: no case expects the condition {shown(name)}; add one.")


def _sections(source: Path, content: PolicyFile, frameworks: Mapping[str, Framework]) -> tuple[Section, ...]:
    sections = []
    for framework_id, keys in content.frameworks.items():
        framework = frameworks.get(framework_id)
        if framework is None:
            raise PolicyError(
                f"{source}: the framework {shown(framework_id)} is unknown; write one of "
                f"{', '.join(sorted(frameworks))}, or add its file to a {FRAMEWORKS} directory."
            )
        for key in keys:
            section = framework.section(key)
            if section is None:
                raise PolicyError(
                    f"{source}: {framework.file} has no section {shown(key)}; correct it or add the section there."
                )
            if section in sections:
                raise PolicyError(
                    f"{source}: the section {shown(key)} of {framework_id} is there twice; remove one."
                )
            sections.append(section)
    return tuple(sections)


def _link_back(policies: dict[str, Policy], frameworks: Mapping[str, Framework]) -> None:
    for framework in frameworks.values():
        for section in framework.sections:
            for policy_id in section.policies:
                policy = policies.get(policy_id)
                if policy is None:
                    raise PolicyError(
                        f"{framework.file}: section {shown(section.key)} names the policy {shown(policy_id)}, which "
                        f"there is not; {_nearest(policy_id, list(policies))}."
                    )
                if section not in policy.sections:
                    policies[policy_id] = dataclasses.replace(policy, sections=(*policy.sections, section))


def _override(policies: dict[str, Policy], parameters: Mapping[str, Mapping[str, object]]) -> None:
    for policy_id, values in parameters.items():
        policy = policies.get(policy_id)
        if policy is None:
            raise PolicyError(
                f"settings: parameters are set for the policy {shown(policy_id)}, which there is not; "
                f"{_nearest(policy_id, list(policies))}."
            )
        written = effective(f"settings: policy {policy_id}", policy.parameters, values, is_written=True)
        overrides = {name: written[name] for name in values}
        policies[policy_id] = dataclasses.replace(policy, overrides=overrides)
