"""The SDK's side: one session, one client per service and region, credentials chosen as a request is signed.

Making a client costs two to three calls' worth of CPU, and an organization has an account-region for each of
its accounts; so clients are shared by all accounts. Credentials, profile, region and endpoint of the caller
come from the SDK's own environment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import botocore
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import CredentialResolver, Credentials, RefreshableCredentials
from botocore.exceptions import NoCredentialsError
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST

from cmdb.snapshot import AccountKey, Failure, FailureKind
from collectors.calls import Caller, RetryPolicy, Send
from collectors.credentials import PROCESS_SECONDS, frozen, load_own_credentials, profile_of
from collectors.errors import CollectionError, ReadFailure, malformed
from collectors.models import models
from collectors.network import bundle_problem, client_problem, endpoint_problem
from collectors.parsing import StrictParsers
from collectors.provider_failures import explain

#: Region of account-wide services where the environment names none, by partition (AWS endpoint data).
HOME_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
#: The services that are called, by the SDK's names.
SERVICES = frozenset({"account", "acm", "apigateway", "apigatewayv2", "ec2", "organizations", "sts"})
SESSION_NAME = "gateledger"
#: Failures whose sentence ends with the next step.
_SAYS_MORE = frozenset({FailureKind.CREDENTIALS, FailureKind.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Transport:
    """Seconds to wait for a connection, an answer and a credential process; connections kept per region."""

    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    connections: int = 16
    process_timeout: float = PROCESS_SECONDS


class _ChosenWhenSigning(Credentials):
    """Stands in a client for whatever credentials the calling thread has chosen."""

    def __init__(self) -> None:
        super().__init__("", "", method="gateledger")
        self._chosen = threading.local()
        self.profile = "default"

    @contextmanager
    def chosen(self, credentials: Credentials) -> Iterator[None]:
        before = getattr(self._chosen, "credentials", None)
        self._chosen.credentials = credentials
        try:
            yield
        finally:
            self._chosen.credentials = before

    def get_frozen_credentials(self) -> Any:
        credentials = getattr(self._chosen, "credentials", None)
        if credentials is None:
            raise NoCredentialsError
        return frozen(credentials, self.profile)


class _Provider:
    """Makes the session hand the stand-in to every client."""

    METHOD = CANONICAL_NAME = "gateledger"

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


class Sessions:
    """Who calls, in whose name, and through which clients; shared by all threads of a process."""

    def __init__(
        self,
        *,
        role_name: str | None = None,
        external_id: str | None = None,
        transport: Transport | None = None,
        retries: RetryPolicy | None = None,
    ) -> None:
        """Find the caller's credentials and account.

        Raises ``CollectionError`` when there are no credentials, or when STS does not accept them.
        """
        self._role_name = role_name
        self._external_id = external_id
        self._retries = retries or RetryPolicy()
        transport = transport or Transport()
        self._config = Config(
            connect_timeout=transport.connect_timeout,
            read_timeout=transport.read_timeout,
            max_pool_connections=transport.connections,
            retries={"total_max_attempts": 1, "mode": "standard"},
            tcp_keepalive=True,
            parameter_validation=False,
            # Given whole: botocore composes its own anew for every call, a tenth of the call's CPU.
            user_agent=f"gateledger Botocore/{botocore.__version__}",
        )
        self._lock = threading.RLock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._stand_in = _ChosenWhenSigning()
        self._session, self._own = _open_session(self._stand_in, transport)
        self._assumed: dict[AccountKey, RefreshableCredentials] = {}
        self.region: str | None = self._session.get_config_variable("region")
        try:
            self.caller = self._identify()
        except CollectionError:
            self.close()
            raise

    @property
    def home_region(self) -> str:
        """The region to ask about account-wide things: the environment's, else the partition's first."""
        return self.region or HOME_REGIONS.get(self.caller.partition, "us-east-1")

    def sender(self, account: AccountKey | None, region: str) -> Send:
        """Return a function that calls operations in a region, in the name of an account (None: the caller).

        A role is assumed at the first call, once per account, and again before its credentials expire.
        """

        def send(service: str, operation: str, parameters: dict[str, Any]) -> Any:
            with self._stand_in.chosen(self._credentials(account)):
                method = getattr(self._client(service, region), xform_name(operation))
                return method(**parameters)

        return send

    def forget(self, account: AccountKey) -> None:
        """Drop an account's credentials, whose regions are all read."""
        with self._lock:
            self._assumed.pop(account, None)

    def close(self) -> None:
        """Close all connections; later calls open new ones."""
        with self._lock:
            clients = list(self._clients.values())
            self._clients.clear()
        for client in clients:
            client.close()

    def _credentials(self, account: AccountKey | None) -> Credentials:
        if account is None or account == self.caller:
            return self._own
        with self._lock:
            known = self._assumed.get(account)
        if known is not None:
            return known
        refresh = self._assume(account)
        made = RefreshableCredentials.create_from_metadata(
            refresh(), refresh_using=refresh, method="role of another account"
        )
        with self._lock:
            return self._assumed.setdefault(account, made)

    def _assume(self, account: AccountKey) -> Callable[[], dict[str, Any]]:
        role = f"arn:{account.partition}:iam::{account.account_id}:role/{self._role_name}"
        parameters = {"RoleArn": role, "RoleSessionName": SESSION_NAME}
        if self._external_id is not None:
            parameters["ExternalId"] = self._external_id

        def refresh() -> dict[str, Any]:
            answer = self._caller_of_own().call("sts", "AssumeRole", parameters, expect="Credentials")
            return _metadata(answer["Credentials"])

        return refresh

    def _caller_of_own(self) -> Caller:
        return Caller(self.sender(None, self.region or "us-east-1"), retries=self._retries)

    def _client(self, service: str, region: str) -> Any:
        client = self._clients.get((service, region))
        if client is None:
            with self._lock:
                client = self._clients.get((service, region))
                if client is None:
                    client = self._clients[service, region] = self._new_client(service, region)
        return client

    def _new_client(self, service: str, region: str) -> Any:
        assert service in SERVICES, service  # noqa: S101 - the SDK's handlers of others are left out
        create = cast("Callable[..., Any]", self._session.create_client)
        try:
            client = create(service, region_name=region, config=self._config)
            problem = endpoint_problem(client.meta.endpoint_url)
        except Exception as error:
            problem = client_problem(error)
        if problem is not None:
            message = f"{service} in region {region} cannot be asked: {problem}."
            raise ReadFailure(Failure(FailureKind.UNREACHABLE, service, message))
        return client

    def _identify(self) -> AccountKey:
        self.caller = AccountKey("", "")
        try:
            answer = self._caller_of_own().call("sts", "GetCallerIdentity", {}, expect="Arn")
            parts = str(answer["Arn"]).split(":")
            account_id = answer.get("Account")
            if len(parts) < 6 or not parts[1] or not isinstance(account_id, str) or not account_id:
                raise malformed("GetCallerIdentity", "it names no account")
        except ReadFailure as error:
            more = "" if error.failure.kind in _SAYS_MORE else " Check AWS_ENDPOINT_URL and the network."
            raise CollectionError(f"AWS did not say whose credentials these are. {error}{more}") from None
        return AccountKey(parts[1], account_id)


def _open_session(
    stand_in: _ChosenWhenSigning, transport: Transport
) -> tuple[botocore.session.Session, Credentials]:
    session = botocore.session.Session()
    stand_in.profile = profile_of(session)
    try:
        problem = bundle_problem(session)
    except Exception as error:
        raise CollectionError(str(explain(error, None, stand_in.profile))) from None
    if problem is not None:
        raise CollectionError(f"{problem}.")
    own = load_own_credentials(
        session,
        connect_timeout=transport.connect_timeout,
        read_timeout=transport.read_timeout,
        process_timeout=transport.process_timeout,
    )
    ready = botocore.session.Session(include_builtin_handlers=False)
    _add_handlers(ready)
    ready.register_component("data_loader", models(ready.get_config_variable("data_path")))
    ready.register_component("credential_provider", CredentialResolver([cast("Any", _Provider(stand_in))]))
    ready.register_component("response_parser_factory", StrictParsers())
    return ready, own


def _add_handlers(session: botocore.session.Session) -> None:
    """Add the SDK's handlers but those of services that are not read.

    Each client gets a copy of all of them, which is half of what making a client costs.
    """
    events = session.get_component("event_emitter")
    for event, handler, *order in BUILTIN_HANDLERS:
        kind, _, rest = event.partition(".")
        if kind == "docs" or (rest and rest.partition(".")[0] not in SERVICES):
            continue
        if not order:
            events.register(event, handler)
        elif order[0] is REGISTER_FIRST:
            events.register_first(event, handler)
        else:
            events.register_last(event, handler)


def _metadata(credentials: Any) -> dict[str, Any]:
    """Return credentials of STS the way botocore refreshes them."""
    fields = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    whole = isinstance(credentials, dict) and all(
        isinstance(credentials.get(name), str) and credentials[name] for name in fields
    )
    expiration = credentials.get("Expiration") if isinstance(credentials, dict) else None
    if not whole or not isinstance(expiration, datetime):
        raise malformed("AssumeRole", "its credentials are not whole")
    return {
        "access_key": credentials["AccessKeyId"],
        "secret_key": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
        "expiry_time": expiration.astimezone(UTC).isoformat(),
    }
