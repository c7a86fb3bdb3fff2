"""REST APIs and their drafts: what is edited here is served by no stage until it is deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from simulated_aws.estate.definitions import (
    INTEGRATION_TYPES,
    VERBS,
    Authorizer,
    Integration,
    Method,
    Model,
    RequestValidator,
)
from simulated_aws.estate.ground import Ground, refuse_unknown
from simulated_aws.estate.rest_apis import API_SETTINGS, Resource, RestApi, escaped_policy


class Drafts(Ground):
    """REST APIs of an account-region; ``apis`` holds them by id."""

    def __init__(self, **grounds: Any) -> None:
        super().__init__(**grounds)
        self.apis: dict[str, RestApi] = {}

    def add_api(
        self,
        name: str,
        *,
        endpoint_types: Sequence[str] = ("REGIONAL",),
        vpc_endpoint_ids: Sequence[str] = (),
        integrations: Sequence[str | None] = ("HTTP_PROXY",),
        created_at: datetime | None = None,
        **settings: Any,
    ) -> RestApi:
        """Create a REST API with a root and one path per integration; ``settings`` are wire fields."""
        refuse_unknown(settings, API_SETTINGS, "REST API")
        with self._lock:
            api = RestApi(
                self._new_id(10),
                name,
                created_at or self._clock(),
                tuple(endpoint_types),
                tuple(vpc_endpoint_ids),
                dict(settings),
            )
            self.apis[api.id] = api
            self._lay_out(api, integrations)
            return self._changed(api)

    def update_api(self, api_id: str, *, name: str | None = None, **settings: Any) -> None:
        """Rename a REST API or set wire fields of it (``tags``, ``description``, ...)."""
        refuse_unknown(settings, API_SETTINGS, "REST API")
        with self._lock:
            api = self._draft(api_id)
            api.name = api.name if name is None else name
            api.settings |= settings

    def set_policy(self, api_id: str, document: Mapping[str, Any] | None) -> None:
        """Give a REST API a resource policy, or none; see ``escaped_policy`` for how it is shown."""
        with self._lock:
            api = self._draft(api_id)
            if document is None:
                api.settings.pop("policy", None)
            else:
                api.settings["policy"] = escaped_policy(document)

    def set_endpoint_types(
        self, api_id: str, types: Sequence[str], *, vpc_endpoint_ids: Sequence[str] = ()
    ) -> None:
        """Set a REST API's endpoint types (``EDGE``, ``REGIONAL``, ``PRIVATE``) and its VPC endpoints."""
        with self._lock:
            self.apis[api_id].endpoint_types = tuple(types)
            self.apis[api_id].vpc_endpoint_ids = tuple(vpc_endpoint_ids)
            self._changed(None)

    def set_exportable(self, api_id: str, exportable: bool) -> None:
        """Let AWS refuse, or not, to export the deployments of a REST API made from now on."""
        with self._lock:
            self._draft(api_id).exportable = exportable

    def delete_api(self, api_id: str) -> None:
        """Delete a REST API, its deployments and its stages."""
        with self._lock:
            self._deleted["api", api_id] = self.apis.pop(api_id)
            self._changed(None)

    def restore_api(self, api_id: str) -> RestApi:
        """Bring back a deleted REST API, stages and all, under the same id."""
        with self._lock:
            api: RestApi = self._deleted.pop(("api", api_id))
            self.apis[api_id] = api
            return self._changed(api)

    def put_resource(self, api_id: str, path: str) -> Resource:
        """Return the draft's resource at a path (``/orders/{id}``), made with its parents if need be."""
        if path != "/" and (not path.startswith("/") or path.endswith("/") or "//" in path):
            raise ValueError(f"{path!r} is no path of a resource")
        with self._lock:
            api = self.apis[api_id]
            try:
                return api.resource_at(path)
            except KeyError:
                parent_path = path.rpartition("/")[0] or "/"
                parent = None if path == "/" else self.put_resource(api_id, parent_path).id
                made = Resource(self._new_id(6), path, parent)
                self._draft(api_id).resources[made.id] = made
                return made

    def delete_resource(self, api_id: str, path: str) -> None:
        """Delete a resource of the draft, what is below it and all their methods."""
        with self._lock:
            self.apis[api_id].resource_at(path)
            api = self._draft(api_id)
            below = "/" if path == "/" else f"{path}/"
            api.resources = {
                key: each
                for key, each in api.resources.items()
                if each.path != path and not each.path.startswith(below)
            }

    def put_method(self, api_id: str, path: str, verb: str, method: Method | str) -> Method:
        """Add or replace a method of the draft, its resource made if need be.

        ``method`` may be the type of an integration alone: it gets a backend of that type.
        """
        if verb not in VERBS:
            raise ValueError(f"API Gateway has no method {verb!r}")
        with self._lock:
            resource = self.put_resource(api_id, path)
            made = method if isinstance(method, Method) else self._simple_method(path, verb, method)
            api = self._draft(api_id)
            if made.request_validator_id not in {None, *api.validators}:
                raise KeyError(made.request_validator_id)
            if made.authorizer_id not in {None, *api.authorizers}:
                raise KeyError(made.authorizer_id)
            resource.methods[verb] = made
            return made

    def change_method(self, api_id: str, path: str, verb: str, **fields: Any) -> Method:
        """Change fields of a method of the draft (``api_key_required``, ``authorization_type``, ...)."""
        with self._lock:
            method = self.apis[api_id].resource_at(path).methods[verb]
            return self.put_method(api_id, path, verb, replace(method, **fields))

    def change_integration(self, api_id: str, path: str, verb: str, **fields: Any) -> Method:
        """Change fields of the integration of a method of the draft (``uri``, ``connection_type``, ...)."""
        with self._lock:
            integration = self.apis[api_id].resource_at(path).methods[verb].integration
            if integration is None:
                raise KeyError("integration")
            return self.change_method(api_id, path, verb, integration=replace(integration, **fields))

    def delete_method(self, api_id: str, path: str, verb: str) -> None:
        """Delete a method of the draft; its resource stays."""
        with self._lock:
            del self.apis[api_id].resource_at(path).methods[verb]
            self._draft(api_id)

    def add_validator(self, api_id: str, name: str, *, body: bool, parameters: bool) -> str:
        """Add a request validator to the draft; return its id."""
        with self._lock:
            made = RequestValidator(self._new_id(6), name, body, parameters)
            self._draft(api_id).validators[made.id] = made
            return made.id

    def change_validator(self, api_id: str, validator_id: str, *, body: bool, parameters: bool) -> None:
        """Let a request validator of the draft check something else."""
        with self._lock:
            api = self._draft(api_id)
            api.validators[validator_id] = replace(
                api.validators[validator_id],
                validate_request_body=body,
                validate_request_parameters=parameters,
            )

    def add_authorizer(self, api_id: str, name: str, kind: str, **fields: Any) -> str:
        """Add an authorizer (``TOKEN``, ``REQUEST``, ``COGNITO_USER_POOLS``, ``JWT``); return its id."""
        with self._lock:
            made = Authorizer(self._new_id(6), name, kind, **fields)
            self._draft(api_id).authorizers[made.id] = made
            return made.id

    def add_model(self, api_id: str, name: str, schema: Mapping[str, Any] | None = None) -> str:
        """Add a model to the draft; return its name."""
        with self._lock:
            made = Model(name) if schema is None else Model(name, schema)
            self._draft(api_id).models[name] = made
            return name

    def _draft(self, api_id: str) -> RestApi:
        """Return an API whose draft is about to change."""
        api = self.apis[api_id]
        api.draft_changed()
        return self._changed(api)

    def _lay_out(self, api: RestApi, types: Sequence[str | None]) -> None:
        """Replace the resources of a draft by a root and one path per integration type."""
        for kind in types:
            if kind is not None and kind not in INTEGRATION_TYPES:
                raise ValueError(f"API Gateway has no integration type {kind!r}")
        self._draft(api.id)
        api.resources.clear()
        root = Resource(self._new_id(10), "/", None)
        api.resources[root.id] = root
        for number, kind in enumerate(types, start=1):
            path = f"/path{number}"
            child = Resource(self._new_id(6), path, root.id, {"GET": self._simple_method(path, "GET", kind)})
            api.resources[child.id] = child

    def _simple_method(self, path: str, verb: str, kind: str | None) -> Method:
        if kind is None:
            return Method()
        if kind in {"HTTP", "HTTP_PROXY"}:
            return Method(Integration(kind, f"https://backend.example.com{path}", verb))
        if kind == "MOCK":
            return Method(Integration(kind))
        function = f"arn:{self.partition}:lambda:{self.region}:{self.account_id}:function:backend"
        uri = (
            f"arn:{self.partition}:apigateway:{self.region}:lambda:path/2015-03-31/functions/"
            f"{function}/invocations"
        )
        return Method(Integration(kind, uri, "POST"))
