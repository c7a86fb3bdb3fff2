"""One call to AWS: quota, retries and counting around the SDK, which itself retries nothing."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cmdb.snapshot import CallCounts, Failure, FailureKind
from collectors.errors import Diagnosis, ReadFailure, Retry, diagnose, interrupted, malformed
from collectors.quota import RegionQuota

#: Services whose calls API Gateway's one quota counts.
API_GATEWAY = frozenset({"apigateway", "apigatewayv2"})
#: Calls an operation of a service by its API name (``GetStages``) and returns the SDK's parsed answer.
Send = Callable[[str, str, dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and for how long (seconds) a call is made again; full jitter between tries.

    Throttles are expected to pass, so they have the most tries. A malformed answer is requested once more,
    because a connection cut off in mid-answer looks the same.
    """

    throttled_tries: int = 10
    transient_tries: int = 4
    malformed_tries: int = 2
    first_pause: float = 0.4
    longest_pause: float = 20.0
    longest_total: float = 180.0

    def tries(self, retry: Retry) -> int:
        """Return how many times a call may be made in all when it ends like this."""
        return {
            Retry.NEVER: 1,
            Retry.THROTTLED: self.throttled_tries,
            Retry.TRANSIENT: self.transient_tries,
            Retry.MALFORMED: self.malformed_tries,
        }[retry]

    def pause(self, attempt: int, fraction: float) -> float:
        """Return the seconds to wait after try ``attempt`` (from 1); ``fraction`` is random in 0..1."""
        return fraction * min(self.longest_pause, self.first_pause * 2.0 ** min(attempt - 1, 30))


class Caller:
    """Makes the calls of one account-region (or of one account, without quota), and counts them."""

    def __init__(
        self,
        send: Send,
        *,
        quota: RegionQuota | None = None,
        retries: RetryPolicy | None = None,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.counts = CallCounts()
        self._send = send
        self._quota = quota
        self._retries = retries or RetryPolicy()
        self._stop = stop or threading.Event()
        self._clock = clock
        self._sleep = sleep or self._stop.wait
        self._jitter = jitter

    def call(
        self,
        service: str,
        operation: str,
        parameters: dict[str, Any],
        *,
        expect: str | None = None,
        read: Callable[[Any], Any] | None = None,
    ) -> dict[str, Any]:
        """Call an operation until it is answered or has failed for good.

        ``expect`` names the member that a whole answer has: botocore parses a cut-off or unparsable body
        into an answer without it. ``read`` makes of an answer that streams what is returned; when it fails,
        so has the call. Raises ``ReadFailure``.
        """
        began = self._clock()
        attempt = 0
        while True:
            attempt += 1
            self._await_quota(service, operation)
            self.counts.calls += 1
            outcome = self._once(service, operation, parameters, expect, read)
            if not isinstance(outcome, Diagnosis):
                return outcome
            if outcome.retry is Retry.THROTTLED:
                self.counts.throttles += 1
                if self._quota is not None and service in API_GATEWAY:
                    self._quota.throttled(operation, outcome.retry_after)
            pause = self._retries.pause(attempt, self._jitter())
            pause = max(pause, outcome.retry_after or 0.0)
            too_long = self._clock() - began + pause > self._retries.longest_total
            if attempt >= self._retries.tries(outcome.retry) or too_long:
                raise ReadFailure(_given_up(outcome.failure, attempt))
            self._wait(pause, operation)

    def look_up(
        self, service: str, operation: str, parameters: dict[str, Any], *, expect: str
    ) -> dict[str, Any] | None:
        """Call an operation about one thing; return None when AWS says that there is none. Raises ``ReadFailure``."""
        try:
            return self.call(service, operation, parameters, expect=expect)
        except ReadFailure as error:
            if error.failure.kind is FailureKind.ABSENT:
                return None
            raise

    def _once(
        self,
        service: str,
        operation: str,
        parameters: dict[str, Any],
        expect: str | None,
        read: Callable[[Any], Any] | None,
    ) -> dict[str, Any] | Diagnosis:
        try:
            answer = self._send(service, operation, parameters)
            if read is not None:
                answer = read(answer)
        except Exception as error:
            diagnosis = diagnose(operation, error)
            if diagnosis is None:
                raise
            return diagnosis
        if not isinstance(answer, dict) or (expect is not None and expect not in answer):
            missing = malformed(operation, f"it has no {expect}; it was cut off or is no answer of AWS")
            return Diagnosis(missing.failure, Retry.MALFORMED)
        return answer

    def _await_quota(self, service: str, operation: str) -> None:
        if self._stop.is_set():
            raise interrupted(operation)
        if self._quota is not None and service in API_GATEWAY:
            self._wait(self._quota.reserve(operation), operation)

    def _wait(self, seconds: float, operation: str) -> None:
        if seconds > 0:
            self.counts.waited_seconds += seconds
            self._sleep(seconds)
        if self._stop.is_set():
            raise interrupted(operation)


def _given_up(failure: Failure, attempts: int) -> Failure:
    """Return the failure, with the number of tries where there were several."""
    if attempts == 1 or failure.kind is FailureKind.INTERRUPTED:
        return failure
    return Failure(failure.kind, failure.operation, f"{failure.message[:-1]} (tried {attempts} times).")
