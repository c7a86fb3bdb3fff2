"""Deployments and stages of REST APIs, canaries included."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from simulated_aws.estate.definitions import Deployment
from simulated_aws.estate.drafts import Drafts
from simulated_aws.estate.ground import refuse_unknown
from simulated_aws.estate.rest_apis import STAGE_SETTINGS, Stage


class Stages(Drafts):
    """What stages serve: a deployment each, and that of a canary."""

    def __init__(self, **grounds: Any) -> None:
        super().__init__(**grounds)
        self._exports = 0

    def set_integrations(self, api_id: str, types: Sequence[str | None], *, deploy: bool = True) -> None:
        """Replace a REST API's methods by one per given integration type.

        As on AWS, stages serve the change only by a deployment, hence ``deploy``: each gets one of its own.
        """
        with self._lock:
            api = self.apis[api_id]
            self._lay_out(api, types)
            for name in api.stages if deploy else ():
                self.deploy(api_id, name)
            self._changed(None)

    def add_stage(
        self,
        api_id: str,
        name: str,
        *,
        certificate_id: str | None = None,
        deployment_id: str | None = None,
        created_at: datetime | None = None,
        **settings: Any,
    ) -> Stage:
        """Create a stage; a stage of the same name that was deleted before is not remembered.

        It serves the deployment of that id, made of the draft when there is none yet.
        """
        refuse_unknown(settings, STAGE_SETTINGS, "stage")
        with self._lock:
            made = created_at or self._clock()
            deployed = deployment_id or self._new_id(6)
            if deployed not in self.apis[api_id].deployments:
                self._keep_deployment(api_id, deployed, made, None)
            stage = Stage(name, deployed, made, made, certificate_id, dict(settings))
            self.apis[api_id].stages[name] = stage
            return self._changed(stage)

    def update_stage(self, api_id: str, name: str, **settings: Any) -> None:
        """Set wire fields of a stage (``variables``, ``methodSettings``, ``cacheClusterStatus``, ...)."""
        refuse_unknown(settings, STAGE_SETTINGS, "stage")
        self._touch(api_id, name, lambda stage: stage.settings.update(settings))

    def clear_stage(self, api_id: str, name: str, *settings: str) -> None:
        """Take wire fields of a stage away (``webAclArn``, ``accessLogSettings``, ...)."""
        refuse_unknown(dict.fromkeys(settings), STAGE_SETTINGS, "stage")

        def clear(stage: Stage) -> None:
            for setting in settings:
                stage.settings.pop(setting, None)

        self._touch(api_id, name, clear)

    def attach_certificate(self, api_id: str, name: str, certificate_id: str) -> None:
        """Let a stage name a certificate: an id, an ACM ARN, or any text (blank, long gone)."""
        self._touch(api_id, name, lambda stage: setattr(stage, "client_certificate_id", certificate_id))

    def detach_certificate(self, api_id: str, name: str) -> None:
        """Take a stage's certificate field away."""
        self._touch(api_id, name, lambda stage: setattr(stage, "client_certificate_id", None))

    def create_deployment(
        self, api_id: str, *, description: str | None = None, created_at: datetime | None = None
    ) -> str:
        """Deploy a REST API's draft to no stage; return the deployment's id."""
        with self._lock:
            return self._keep_deployment(api_id, self._new_id(6), created_at or self._clock(), description).id

    def deploy(self, api_id: str, name: str, *, description: str | None = None) -> str:
        """Deploy the draft to one stage; return the new deployment's id."""
        with self._lock:
            deployment = self.create_deployment(api_id, description=description)
            self.serve(api_id, name, deployment)
            return deployment

    def serve(self, api_id: str, name: str, deployment_id: str) -> None:
        """Let a stage serve a deployment that there is: roll back, or promote from another stage."""
        with self._lock:
            found = self.apis[api_id].deployments[deployment_id].id
            self._touch(api_id, name, lambda stage: setattr(stage, "deployment_id", found))

    def delete_deployment(self, api_id: str, deployment_id: str) -> None:
        """Delete a deployment.

        :raises ValueError: when a stage or its canary serves it, which AWS refuses too.
        """
        with self._lock:
            api = self.apis[api_id]
            for stage in api.stages.values():
                if deployment_id in {stage.deployment_id, stage.canary_deployment_id}:
                    raise ValueError(f"stage {stage.name} serves deployment {deployment_id}")
            del api.deployments[deployment_id]
            self._changed(None)

    def set_canary(
        self,
        api_id: str,
        name: str,
        *,
        deployment_id: str | None = None,
        percent: float = 10.0,
        variables: Mapping[str, str] | None = None,
        use_stage_cache: bool = False,
    ) -> str:
        """Divert a share of a stage's calls to another deployment; return that deployment's id.

        Without ``deployment_id`` it is a new one of the draft, as CreateDeployment with ``canarySettings``.
        """
        with self._lock:
            chosen = deployment_id or self.create_deployment(api_id)
            canary: dict[str, Any] = {
                "percentTraffic": percent,
                "deploymentId": self.apis[api_id].deployments[chosen].id,
                "useStageCache": use_stage_cache,
            }
            if variables:
                canary["stageVariableOverrides"] = dict(variables)
            self.update_stage(api_id, name, canarySettings=canary)
            return chosen

    def promote_canary(self, api_id: str, name: str) -> str:
        """Let a stage serve its canary's deployment and variables; the canary stays, with no calls.

        As the console does it (API Gateway developer guide, "Promote a canary release").

        :raises KeyError: when there is no canary.
        """
        with self._lock:
            stage = self.apis[api_id].stages[name]
            canary = dict(stage.settings["canarySettings"])
            overrides = canary.pop("stageVariableOverrides", {})
            if overrides:
                stage.settings["variables"] = {**stage.settings.get("variables", {}), **overrides}
            self.update_stage(api_id, name, canarySettings=canary | {"percentTraffic": 0.0})
            self.serve(api_id, name, canary["deploymentId"])
            return stage.deployment_id

    def remove_canary(self, api_id: str, name: str) -> None:
        """End a canary; the stage goes on serving its own deployment."""
        with self._lock:
            del self.apis[api_id].stages[name].settings["canarySettings"]
            self._touch(api_id, name, lambda _: None)

    def export_dice(self) -> random.Random:
        """Return dice for what differs from one export to the next; the server uses it."""
        self._exports += 1
        return random.Random(f"{self.seed}/{self.region}/export/{self._exports}")  # noqa: S311 - dice, no secrets

    def delete_stage(self, api_id: str, name: str) -> None:
        """Delete a stage; its deployment stays."""
        with self._lock:
            self._deleted["stage", api_id, name] = self.apis[api_id].stages.pop(name)
            self._changed(None)

    def restore_stage(self, api_id: str, name: str) -> Stage:
        """Bring back a deleted stage as it was; ``KeyError`` when its deployment is deleted too."""
        with self._lock:
            stage: Stage = self._deleted["stage", api_id, name]
            api = self.apis[api_id]
            if stage.deployment_id not in api.deployments:
                raise KeyError(stage.deployment_id)
            api.stages[name] = stage
            del self._deleted["stage", api_id, name]
            return self._changed(stage)

    def _keep_deployment(
        self, api_id: str, deployment_id: str, created_at: datetime, description: str | None
    ) -> Deployment:
        api = self.apis[api_id]
        if any(m.integration is None for path in api.resources.values() for m in path.methods.values()):
            # What AWS answers to CreateDeployment: 400, in these words.
            raise ValueError("No integration defined for method")
        made = Deployment(deployment_id, created_at, api.snapshot(), description)
        api.deployments[deployment_id] = made
        return self._changed(made)

    def _touch(self, api_id: str, name: str, change: Callable[[Stage], object]) -> None:
        with self._lock:
            stage = self.apis[api_id].stages[name]
            change(stage)
            stage.updated_at = self._clock()
            self._changed(None)
