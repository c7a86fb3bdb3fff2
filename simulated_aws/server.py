"""The simulated AWS on a loopback port, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Future
from threading import Thread
from types import TracebackType

from simulated_aws.control import CONTROL_PREFIX, control
from simulated_aws.estate import Estate
from simulated_aws.faults import Faults
from simulated_aws.hooks import Hooks
from simulated_aws.http.http11 import HttpConnection, Reply, Request
from simulated_aws.iam import Permissions
from simulated_aws.log import RequestLog
from simulated_aws.regions import home_region
from simulated_aws.service import Service


class SimulatedAws:
    """Serves an estate over HTTP on 127.0.0.1 while its ``with`` block lasts.

    The estate, ``faults``, ``permissions``, ``quota`` and ``latency_ms`` may change at any time. ``quota``
    switches API Gateway's real limits on; ``retry_after`` (seconds) is what a 429 of theirs then advises.
    Port 0 takes a free one.
    """

    def __init__(
        self,
        estate: Estate,
        *,
        quota: bool = False,
        latency_ms: float = 0,
        retry_after: int | None = None,
        faults: Faults | None = None,
        port: int = 0,
    ) -> None:
        self.estate = estate
        self._service = Service(
            estate, faults or Faults(), quota=quota, latency_ms=latency_ms, retry_after=retry_after
        )
        self._wanted_port = port
        self._port: int | None = None
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def __enter__(self) -> SimulatedAws:
        started: Future[int] = Future()
        self._thread = Thread(target=self._run, args=(started,), name="simulated-aws", daemon=True)
        self._thread.start()
        self._port = started.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join()
        self._thread = self._loop = self._stop = self._port = None
        if error is None and self.hooks.errors:
            raise self.hooks.errors[0]

    @property
    def endpoint_url(self) -> str:
        """Where boto3 finds it (``AWS_ENDPOINT_URL``)."""
        if self._port is None:
            raise RuntimeError("the simulated AWS is not running: use it in a with statement")
        return f"http://127.0.0.1:{self._port}"

    @property
    def faults(self) -> Faults:
        """Which calls fail, and how."""
        return self._service.faults

    @property
    def hooks(self) -> Hooks:
        """What happens before and after which calls."""
        return self._service.hooks

    @property
    def log(self) -> RequestLog:
        """What was asked."""
        return self._service.log

    @property
    def permissions(self) -> Permissions:
        """What callers may do."""
        return self._service.permissions

    @property
    def quota(self) -> bool:
        """Whether API Gateway's control-plane limits hold."""
        return self._service.quota_enabled

    @quota.setter
    def quota(self, on: bool) -> None:
        self._service.quota_enabled = on

    @property
    def latency_ms(self) -> float:
        """How long every answer is held back, in milliseconds."""
        return self._service.latency_ms

    @latency_ms.setter
    def latency_ms(self, milliseconds: float) -> None:
        self._service.latency_ms = milliseconds

    def expire_sessions(self, account_id: str | None = None) -> int:
        """End all sessions of assumed roles (in one account) now; return how many."""
        return self._service.credentials.expire_sessions(account_id)

    def environment(self, account_id: str, region: str | None = None) -> dict[str, str]:
        """Return the environment in which an SDK acts as the account's own user against this endpoint.

        ``region`` is by default the home region of the account's partition. A profile or configuration file
        of the person who runs it is kept out.
        """
        keys = self._service.credentials.of_account(account_id)
        partition = self.estate.accounts[account_id].partition
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_DEFAULT_REGION": region or home_region(partition),
            "AWS_REGION": region or home_region(partition),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _handle(self, request: Request) -> Reply:
        if request.target.startswith(CONTROL_PREFIX):
            return Reply(control(self._service, request))
        return self._service.handle(request)

    def _run(self, started: Future[int]) -> None:
        try:
            asyncio.run(self._serve(started))
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    async def _serve(self, started: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        connections: set[HttpConnection] = set()
        server = await self._loop.create_server(
            lambda: HttpConnection(self._handle, connections),
            "127.0.0.1",
            self._wanted_port,
            backlog=4096,
        )
        started.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        closed = asyncio.ensure_future(server.wait_closed())
        # A connection that was accepted a moment ago is made only now.
        while connections or not closed.done():
            for connection in tuple(connections):
                connection.abort()
            await asyncio.sleep(0)
