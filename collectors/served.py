"""What the stages of one REST API serve: the definition of every deployment that is not known yet.

An export names no deployment: it is that of whatever the stage serves at that moment. The stages are therefore
listed once more after it, and the export counts only where the stage is as it was before. What changed in
between is exported again, a few times. A deployment is immutable, so that what is once known is never read
again, whichever stage serves it later.

Of a canary's deployment there is no export: it is known when a stage serves it, or did.

AWS refuses to export an API whose payloads are not JSON (400). Its draft does not stand in, for nothing that can
be read proves that it is what was deployed. GetDeployments shows which deployment is the newest and when it was
made, but neither an API nor a resource of its draft has a date of the last edit; GetDeployment with
``embed=apisummary`` shows a deployment's paths, verbs, authorization and API keys, and the draft can be seen to
differ in these, but not to agree in integrations, on which verdicts rest: HTTP changed to AWS_PROXY leaves
the summary as it was. Equal drafts read before and after a deployment would leave only an edit that was taken
back in between, but whoever deploys mostly edited before. So what such a stage serves is unread, with AWS's
reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from cmdb.snapshot import Failure, FailureKind, Item
from collectors import apigateway, definitions
from collectors.calls import Caller
from collectors.errors import ReadFailure
from collectors.exports import OPERATION, get_export
from collectors.patience import Patience
from collectors.values import Hasher

#: How often what changes while it is read is read anew.
LOOKS = 3


class ApiStages:
    """A REST API's stages as they were seen last, and what is known of what they serve."""

    title = "REST API"

    def __init__(
        self, api: Item, listing: apigateway.Listing, known: frozenset[str], *, leave_out: bool = False
    ) -> None:
        """Take a listing of the stages, and the deployments whose definitions are known already.

        ``leave_out``: what they serve is not requested.
        """
        self._leave_out = leave_out
        self.api = api
        self.known = known
        self.stages: dict[str, Item] = {}
        """By name."""
        self.body: bytes | None = None
        """The answer that lists them; None: not known, or a stage was seen otherwise since."""
        self.deployments: dict[str, Item] = {}
        """Those read tonight, by id."""
        self.failures: dict[str, Failure] = {}
        """Why others could not be read."""
        self.is_gone = False
        """Whether the API was found gone after the listing."""
        self.take(listing)

    @property
    def api_id(self) -> str:
        """AWS id of the API."""
        return self.api.key

    def look(self, caller: Caller, hasher: Hasher, name: str) -> Item | None:
        """Return a stage as it is now; None: there is none. Raises ``ReadFailure``."""
        return apigateway.get_stage(caller, hasher, self.api_id, name)

    def read_again(self, served: ServedReader) -> None:
        """Read what the stages serve that were replaced."""
        served.read(self)

    def take(self, listing: apigateway.Listing) -> None:
        """Take the stages of a listing."""
        self.stages = {stage.key: stage for stage in listing.items}
        self.body = None if listing.bodies is None else b"".join(listing.bodies)

    def replace(self, name: str, stage: Item | None) -> None:
        """Take a stage as it was seen after the listing (None: it is gone)."""
        if stage is None:
            del self.stages[name]
        else:
            self.stages[name] = stage
        self.body = None

    def wanted(self) -> dict[str, Item]:
        """Return the deployments that have to be read, each with a stage that serves it."""
        if self._leave_out:
            return {}
        found: dict[str, Item] = {}
        for name in sorted(self.stages):
            deployment_id = self.stages[name].payload.get("deploymentId")
            if deployment_id and deployment_id not in self.known and deployment_id not in self.deployments:
                found.setdefault(deployment_id, self.stages[name])
        return found

    @property
    def unread(self) -> Failure | None:
        """Why something that a stage serves is not known; None: all is, but for canaries."""
        for deployment_id, stage in self.wanted().items():
            return self.failures.get(deployment_id) or restless(self.api.key, stage.key, OPERATION)
        return None


class ServedReader:
    """Reads definitions for one account-region."""

    def __init__(self, caller: Caller, hasher: Hasher) -> None:
        self._caller = caller
        self._hasher = hasher
        self._patience = Patience()

    def read(self, of: ApiStages) -> None:
        """Read what is wanted of an API; raises nothing of AWS."""
        for _ in range(LOOKS):
            wanted = {key: stage for key, stage in of.wanted().items() if key not in of.failures}
            if not wanted:
                return
            exported, missed = {}, {}
            for deployment_id, stage in wanted.items():
                try:
                    exported[deployment_id] = stage, self._export(of.api.key, stage.key)
                except ReadFailure as error:
                    if error.failure.kind is FailureKind.ABSENT:
                        missed[deployment_id] = stage
                    of.failures[deployment_id] = _named(error.failure, deployment_id, stage.key)
            if (exported or missed) and not self._look_again(of, exported):
                return
            for deployment_id, stage in missed.items():
                # Of a deployment nothing is known by that the stage that was asked is gone: others may serve it.
                if of.stages.get(stage.key) != stage:
                    del of.failures[deployment_id]
            for deployment_id, (stage, methods) in exported.items():
                if of.stages.get(stage.key) == stage:
                    of.deployments[deployment_id] = definitions.deployment(
                        of.api.key, deployment_id, methods, definitions.EXPORT
                    )
        for deployment_id, stage in of.wanted().items():
            of.failures.setdefault(deployment_id, restless(of.api.key, stage.key, OPERATION))

    def _export(self, rest_api_id: str, stage_name: str) -> list[definitions.Method]:
        return self._patience.guarded(lambda: get_export(self._caller, rest_api_id, stage_name))

    def _look_again(self, of: ApiStages, exported: Iterable[str]) -> bool:
        """List the stages once more; return False when that failed and nothing can be concluded."""
        rest_api_id = of.api.key
        try:
            of.take(
                self._patience.guarded(lambda: apigateway.get_stages(self._caller, self._hasher, rest_api_id))
            )
        except ReadFailure as error:
            of.is_gone = error.failure.kind is FailureKind.ABSENT and self._is_gone(rest_api_id)
            for deployment_id in exported:
                of.failures[deployment_id] = Failure(
                    error.failure.kind,
                    error.failure.operation,
                    f"Whether deployment {deployment_id} is what was exported is not known, for the stages "
                    f"could not be listed again: {error.failure.message}",
                )
            return False
        return True

    def _is_gone(self, rest_api_id: str) -> bool:
        try:
            return self._patience.guarded(lambda: apigateway.rest_api_is_gone(self._caller, rest_api_id))
        except ReadFailure:
            return False


def restless(rest_api_id: str, stage_name: str, operation: str) -> Failure:
    """Return the failure of a stage that was otherwise each time it was looked at."""
    return Failure(
        FailureKind.MALFORMED,
        operation,
        f"Stage {stage_name} of REST API {rest_api_id} changed each time while it was read.",
    )


def _named(failure: Failure, deployment_id: str, stage_name: str) -> Failure:
    return Failure(
        failure.kind,
        failure.operation,
        f"Deployment {deployment_id}, which stage {stage_name} serves, could not be read: {failure.message}",
    )
