"""The nightly job: collect, then evaluate every policy, as one run under one lock and one time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine

from cmdb.masking import masked
from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from cmdb.snapshot import AccountKey
from cmdb.storage.inventory import PostgresInventory
from cmdb.storage.prune import prune
from cmdb.storage.retirement import check_retirable
from cmdb.storage.retirement import retire as retire_account
from cmdb.storage.statistics import refresh_statistics
from collectors.quota import API_GATEWAY
from collectors.run import CollectionPlan, CollectionSummary
from collectors.run import collect as collect_all
from evaluator.catalog.loading import Catalog, load_catalog
from evaluator.catalog.policy import Policy
from evaluator.errors import PolicyError
from evaluator.judging.backfill import backfill, note_failure, waiting
from evaluator.judging.engine import Evaluation
from evaluator.judging.engine import evaluate as evaluate_policy
from gateledger.exceptions.matching import match_changed
from gateledger.exceptions.notices import notices
from gateledger.nightly import run_summary as outcomes
from gateledger.nightly.notify import notify_of_changes
from gateledger.nightly.summary import FirstJudged, RunSummary
from gateledger.owners.resolving import resolve_owners
from gateledger.owners.rules import OwnerRules, read_rules
from gateledger.queries.wanted import reads_methods, wanted_scopes
from gateledger.report.build import write_nightly
from gateledger.settings.model import Settings
from gateledger.terminal.progress import Progress

log = logging.getLogger("gateledger.nightly")


@dataclass(slots=True)
class _Job:
    """A run in progress with what it has counted so far."""

    engine: Engine
    run: Run
    before: dict[str, int]
    began: float = field(default_factory=time.monotonic)
    totals: RunTotals = field(default_factory=RunTotals)
    scopes: tuple[int, int] = (0, 0)
    wanted: frozenset[str] | None = None
    """The scopes that it is to read; None: not known yet."""

    def status(self) -> RunStatus:
        return RunStatus.INCOMPLETE if self.scopes[1] else RunStatus.COMPLETE


def run(
    engine: Engine,
    settings: Settings,
    *,
    as_of: datetime | None,
    progress: Progress,
    plan: CollectionPlan | None = None,
    include_excepted: bool = False,
) -> RunSummary:
    """Collect, then evaluate all policies. Raises ``GateledgerError``; policies and owners are checked first.

    ``plan`` replaces the one that follows from the settings (other time-outs, retries or quotas).
    Messages leave out findings that an exception covers unless ``include_excepted``. When all is done and reported,
    past nights are judged under policies that are new, for as long as the settings allow.
    """
    catalog = load_catalog(settings.policy_dirs, settings.policy_parameters)
    policies = catalog.enabled(settings.policies)
    owners = read_rules(settings)
    plan = plan or collection_plan(settings, policies)
    with _job(engine, RunKind.RUN, as_of) as job:
        threading.Thread(target=_take_apart, args=(policies,), daemon=True).start()
        _collect(job, settings, plan, progress)
        _evaluate(job, settings, policies, owners, progress)
        _prune(job, settings)
    write_nightly(engine, policies, settings, catalog.frameworks)
    summary = _summary(job)
    notify_of_changes(engine, settings, summary, include_excepted=include_excepted, routes=owners.routes)
    if _judge_past(engine, settings, policies, job.run.as_of, progress):
        write_nightly(engine, policies, settings, catalog.frameworks)
    return replace(summary, backfilled=outcomes.backfilled(engine, job.run.as_of))


def _take_apart(policies: Sequence[Policy]) -> None:
    """Have the SQL of policies ready, which takes a second of a hundred, while AWS is waited for."""
    # What is wrong with one is told where it judges.
    with suppress(Exception):
        for policy in policies:
            _ = policy.logic.composition


def collect(engine: Engine, settings: Settings, *, as_of: datetime | None, progress: Progress) -> RunSummary:
    """Collect only, what the enabled policies read. Raises ``GateledgerError``; the policies are checked first."""
    plan = collection_plan(settings)
    with _job(engine, RunKind.COLLECT, as_of) as job:
        _collect(job, settings, plan, progress)
    return _summary(job)


def evaluate(
    engine: Engine,
    settings: Settings,
    *,
    as_of: datetime | None,
    policy_ids: Sequence[str] | None,
    progress: Progress,
    backfilling: bool = False,
) -> RunSummary:
    """Evaluate the named policies, or all that are enabled, over what the CMDB holds.

    ``backfilling``: every past night, instead of tonight.
    """
    policies = chosen(load_catalog(settings.policy_dirs, settings.policy_parameters), policy_ids, settings)
    owners = read_rules(settings)
    with _job(engine, RunKind.EVALUATE, as_of) as job:
        _evaluate(job, settings, policies, owners, progress, backfill if backfilling else evaluate_policy)
        job.scopes = outcomes.scope_counts(engine)
    return _summary(job)


def retire(
    engine: Engine, settings: Settings, account: AccountKey, *, as_of: datetime | None, progress: Progress
) -> RunSummary:
    """Retire an account that left, then evaluate all policies: its stages become DISAPPEARED at once.

    Raises ``AccountUnknown`` or ``AccountRetired`` before anything happens.
    """
    policies = enabled_policies(settings)
    owners = read_rules(settings)
    check_retirable(engine, account)
    with _job(engine, RunKind.RETIRE, as_of) as job:
        job.totals.items_changed = retire_account(engine, account, job.run.as_of).items
        _evaluate(job, settings, policies, owners, progress)
        job.scopes = outcomes.scope_counts(engine)
    return _summary(job)


def chosen(catalog: Catalog, policy_ids: Sequence[str] | None, settings: Settings) -> Sequence[Policy]:
    """Return the policies with these ids, enabled or not; None: all that are enabled."""
    if policy_ids is None:
        return catalog.enabled(settings.policies)
    return [policy for policy in catalog.policies if policy.id in set(policy_ids)]


def enabled_policies(settings: Settings) -> tuple[Policy, ...]:
    """Return the policies that the settings enable, checked. Raises ``PolicyError``."""
    return load_catalog(settings.policy_dirs, settings.policy_parameters).enabled(settings.policies)


def collection_plan(settings: Settings, policies: Iterable[Policy] | None = None) -> CollectionPlan:
    """Return what the settings ask collectors to do, for what these policies read (None: all that are enabled)."""
    if policies is None:
        policies = enabled_policies(settings)
    policies = tuple(policies)
    return CollectionPlan(
        accounts=settings.accounts,
        role_name=settings.role_name,
        external_id=settings.external_id,
        regions=settings.regions,
        excluded=settings.exclude,
        accepted_denials=settings.accept_denied,
        scopes=wanted_scopes(settings, policies),
        private_definitions=reads_methods(policies),
        hash_key=settings.variable_hash_key(),
        sensitive_tags=settings.sensitive_tags,
        account_tags=bool(settings.owner_tags),
        threads=settings.threads,
        quota=API_GATEWAY.share(settings.quota_share),
    )


@contextmanager
def _job(engine: Engine, kind: RunKind, as_of: datetime | None) -> Iterator[_Job]:
    """Hold the run lock and the run's row; close the row whatever happens, as far as the database lets us."""
    with runs.run_lock(engine):
        started = runs.start(engine, kind, as_of)
        before = outcomes.counts_by_status(engine, started.as_of).all if kind is not RunKind.COLLECT else {}
        job = _Job(engine, started, before)
        log.info(
            "run %d (%s) as of %s",
            started.run_id,
            kind,
            runs.iso(started.as_of),
            extra={"event": "run.started", "run_id": started.run_id, "kind": str(kind)},
        )
        try:
            yield job
        except BaseException as error:
            _give_up(job, error)
            raise
        runs.finish(engine, started, job.status(), job.totals, job.scopes)
    log.info(
        "run %d is %s",
        started.run_id,
        job.status(),
        extra={"event": "run.finished", "run_id": started.run_id, "status": str(job.status())},
    )


def _give_up(job: _Job, error: BaseException) -> None:
    """Note why a run failed. When the database cannot take even that, the next run finds and settles it."""
    try:
        if job.run.kind.collects:
            job.scopes = runs.finish_collection(job.engine, job.run, job.wanted)
        reason = masked((str(error) or type(error).__name__).splitlines()[0])
        runs.finish(job.engine, job.run, RunStatus.FAILED, job.totals, job.scopes, error=reason)
    except Exception:
        log.warning(
            "run %d could not be closed; the next run settles it",
            job.run.run_id,
            exc_info=log.isEnabledFor(logging.DEBUG),
            extra={"event": "run.not_closed", "run_id": job.run.run_id},
        )


def _collect(job: _Job, settings: Settings, plan: CollectionPlan, progress: Progress) -> None:
    progress.phase("collect")
    job.wanted = plan.scopes
    unreached = 0
    if settings.workers:
        from gateledger.workers.dispatching import Coordinator

        coordinator = Coordinator(job.engine, job.run, plan, progress, settings.deadline)
        collected = coordinator.collect()
        _add(job, collected)
        job.scopes = runs.finish_collection(job.engine, job.run, job.wanted)
        unreached = coordinator.mark_unreached()
    else:
        inventory = PostgresInventory(job.engine, job.run.as_of, job.run.run_id, plan.scopes)
        collected = collect_all(plan, inventory, job.run.as_of, progress)
        _add(job, collected)
        job.scopes = runs.finish_collection(job.engine, job.run, job.wanted)
    job.scopes = (job.scopes[0], job.scopes[1] + unreached)
    job.totals.quota = collected.quota.as_object(settings.quota_share)
    progress.finished()


def _add(job: _Job, collected: CollectionSummary) -> None:
    job.totals.items_seen += collected.items_seen
    job.totals.items_changed += collected.items_changed
    job.totals.calls += collected.calls
    job.totals.throttles += collected.throttles


def _evaluate(
    job: _Job,
    settings: Settings,
    policies: Sequence[Policy],
    owners: OwnerRules,
    progress: Progress,
    judge: Callable[..., Evaluation] = evaluate_policy,
) -> None:
    progress.phase("evaluate")
    progress.started(len(policies))
    refresh_statistics(job.engine)
    match_changed(job.engine, job.run.as_of)
    resolve_owners(job.engine, owners, job.run)
    for policy in policies:
        evaluation = judge(
            job.engine,
            policy,
            job.run,
            max_staleness=settings.max_staleness,
            parameters=settings.parameters_of(policy.id),
            statement_timeout=settings.statement_timeout,
        )
        job.totals.findings_changed += evaluation.changed
        progress.policy_done(policy.id, evaluation.items, evaluation.changed)
    refresh_statistics(job.engine)
    progress.finished()


def _judge_past(
    engine: Engine, settings: Settings, policies: Sequence[Policy], as_of: datetime, progress: Progress
) -> bool:
    """Judge past nights under the policies that wait for it, one after another; return whether any is done.

    The run is over, so whatever happens here is a warning: the history stays as it was and the next run goes on.
    No further policy is begun once the time that the settings allow is spent.
    """
    if settings.backfill is None:
        return False
    done = 0
    try:
        wait = waiting(engine, policies, as_of)
        if not wait:
            return False
        with _job(engine, RunKind.EVALUATE, as_of) as job:
            progress.phase("backfill")
            progress.started(len(wait))
            for policy in wait:
                if time.monotonic() - job.began > settings.backfill.total_seconds():
                    break
                done += _backfill(job, settings, policy, progress)
            progress.finished()
            job.scopes = outcomes.scope_counts(engine)
    except Exception as error:  # the night's work is done and must not fail for its past
        log.warning(
            "past nights could not be judged: %s; the next run goes on",
            masked((str(error) or type(error).__name__).splitlines()[0]),
            exc_info=log.isEnabledFor(logging.DEBUG),
            extra={"event": "backfill.failed", "error": type(error).__name__},
        )
    return done > 0


def _backfill(job: _Job, settings: Settings, policy: Policy, progress: Progress) -> bool:
    """Judge past nights under a policy; return whether that went well. A policy's own mistake stops no other."""
    try:
        found = backfill(
            job.engine,
            policy,
            job.run,
            max_staleness=settings.max_staleness,
            parameters=settings.parameters_of(policy.id),
            statement_timeout=settings.statement_timeout,
        )
    except PolicyError as error:
        reason = masked(str(error).splitlines()[0])
        note_failure(job.engine, policy.id, job.run.as_of, reason)
        log.warning(
            "past nights under %s could not be judged: %s",
            policy.id,
            reason,
            extra={"event": "backfill.policy_failed", "policy_id": policy.id},
        )
        return False
    job.totals.findings_changed += found.changed
    progress.policy_done(policy.id, found.items, found.changed)
    return True


def _prune(job: _Job, settings: Settings) -> None:
    """Drop history past the limit that the settings set, if any, counted from the run's time."""
    if settings.keep is not None:
        counts = settings.keep_counts
        limit = job.run.as_of - settings.keep
        prune(job.engine, limit, None if counts is None else job.run.as_of - counts)


def _summary(job: _Job) -> RunSummary:
    judged = job.run.kind is not RunKind.COLLECT
    first, counts = FirstJudged(), outcomes.Counts({}, {})
    if judged:
        first = outcomes.first_judged(job.engine, job.run.as_of)
        counts = outcomes.counts_by_status(job.engine, job.run.as_of, first.policies)
    return RunSummary(
        run_id=job.run.run_id,
        kind=str(job.run.kind),
        as_of=job.run.as_of,
        duration=timedelta(seconds=time.monotonic() - job.began),
        scopes_ok=job.scopes[0],
        scopes_failed=job.scopes[1],
        items_seen=job.totals.items_seen,
        items_changed=job.totals.items_changed,
        findings_changed=job.totals.findings_changed,
        findings=counts.all,
        before=job.before,
        new=counts.new,
        failures=outcomes.failures(job.engine),
        quota=job.totals.quota,
        excepted=outcomes.excepted_by_status(job.engine) if judged else {},
        exceptions=notices(job.engine) if judged else (),
        first_judged=first,
    )
