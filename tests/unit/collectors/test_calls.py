"""What a call does with failures: how often it tries again, how long it waits, what it counts."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from cmdb.snapshot import FailureKind
from collectors.calls import Caller, RetryPolicy
from collectors.errors import ReadFailure
from collectors.quota import Limit, Limits, RegionQuota


class Aws:
    """Answers with what is in line; an exception is raised. The last one is repeated."""

    def __init__(self, *line: Any) -> None:
        self.line = list(line)
        self.asked = 0

    def __call__(self, service: str, operation: str, parameters: dict[str, Any]) -> Any:
        self.asked += 1
        answer = self.line.pop(0) if len(self.line) > 1 else self.line[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Time:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def refusal(code: str, status: int, message: str = "", **headers: str) -> sdk.ClientError:
    return sdk.ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "HTTPHeaders": {name.replace("_", "-"): value for name, value in headers.items()},
            },
        },  # type: ignore[typeddict-item]
        "GetStages",
    )


def caller(aws: Aws, time: Time, **options: Any) -> Caller:
    return Caller(aws, clock=time.clock, sleep=time.sleep, jitter=lambda: 1.0, **options)


def fail(made: Caller, **options: Any) -> ReadFailure:
    with pytest.raises(ReadFailure) as caught:
        made.call("apigateway", "GetStages", {}, **options)
    return caught.value


THROTTLE = refusal("TooManyRequestsException", 429, "Too Many Requests")
URL = "https://apigateway.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("error", "kind", "asked"),
    [
        (refusal("AccessDeniedException", 403, "no right"), FailureKind.DENIED, 1),
        (refusal("AccessDenied", 403), FailureKind.DENIED, 1),
        (refusal("UnauthorizedOperation", 403), FailureKind.DENIED, 1),
        (refusal("OptInRequired", 403), FailureKind.DENIED, 1),
        (refusal("SomethingNew", 403), FailureKind.DENIED, 1),
        (THROTTLE, FailureKind.THROTTLED, 10),
        (refusal("ThrottlingException", 400), FailureKind.THROTTLED, 10),
        (refusal("RequestLimitExceeded", 503), FailureKind.THROTTLED, 10),
        (refusal("LimitExceededException", 429), FailureKind.THROTTLED, 10),
        (refusal("500", 500), FailureKind.UNREACHABLE, 4),
        (refusal("ServiceUnavailableException", 503), FailureKind.UNREACHABLE, 4),
        (sdk.ConnectTimeoutError(endpoint_url=URL), FailureKind.UNREACHABLE, 4),
        (sdk.ReadTimeoutError(endpoint_url=URL), FailureKind.UNREACHABLE, 4),
        (sdk.EndpointConnectionError(endpoint_url=URL), FailureKind.UNREACHABLE, 4),
        (sdk.ConnectionClosedError(endpoint_url=URL), FailureKind.UNREACHABLE, 4),
        (sdk.SSLError(endpoint_url=URL, error="bad"), FailureKind.UNREACHABLE, 4),
        (sdk.HTTPClientError(error="odd"), FailureKind.UNREACHABLE, 4),
        (refusal("NotFoundException", 404), FailureKind.ABSENT, 1),
        (refusal("ResourceNotFoundException", 400), FailureKind.ABSENT, 1),
        (refusal("404", 404), FailureKind.MALFORMED, 1),
        (refusal("UnknownOperationException", 404), FailureKind.MALFORMED, 1),
        (refusal("BadRequestException", 400), FailureKind.REFUSED, 1),
        (refusal("301", 301), FailureKind.MALFORMED, 1),
        (refusal("ExpiredTokenException", 403), FailureKind.CREDENTIALS, 1),
        (refusal("ExpiredToken", 400), FailureKind.CREDENTIALS, 1),
        (refusal("UnrecognizedClientException", 403), FailureKind.CREDENTIALS, 1),
        (refusal("InvalidClientTokenId", 403), FailureKind.CREDENTIALS, 1),
        (refusal("SignatureDoesNotMatch", 403), FailureKind.CREDENTIALS, 1),
        (sdk.NoCredentialsError(), FailureKind.CREDENTIALS, 1),
        (sdk.CredentialRetrievalError(provider="p", error_msg="gone"), FailureKind.CREDENTIALS, 1),
        (sdk.ProfileNotFound(profile="nobody"), FailureKind.CREDENTIALS, 1),
        (ResponseParserError("secret-value"), FailureKind.MALFORMED, 2),
        (AttributeError("'str' object has no attribute 'get': secret-value"), FailureKind.MALFORMED, 2),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "secret-value"), FailureKind.MALFORMED, 2),
        (RecursionError(), FailureKind.MALFORMED, 2),
    ],
)
def test_each_failure_has_a_kind_and_its_number_of_tries(
    error: Exception, kind: FailureKind, asked: int
) -> None:
    aws = Aws(error)
    failure = fail(caller(aws, Time())).failure
    assert (failure.kind, failure.operation, aws.asked) == (kind, "GetStages", asked)
    assert failure.message.endswith(".")
    assert "\n" not in failure.message
    assert "secret-value" not in failure.message


def test_what_is_no_failure_of_aws_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        caller(Aws(ZeroDivisionError()), Time()).call("apigateway", "GetStages", {})


def test_a_throttled_call_waits_longer_each_time_and_loses_nothing() -> None:
    aws, time = Aws(THROTTLE, THROTTLE, THROTTLE, {"item": [1]}), Time()
    made = caller(aws, time, retries=RetryPolicy(first_pause=1, longest_pause=3))
    assert made.call("apigateway", "GetStages", {}, expect="item") == {"item": [1]}
    assert time.slept == [1, 2, 3]
    assert (made.counts.calls, made.counts.throttles, made.counts.waited_seconds) == (4, 3, 6)


def test_retry_after_is_honoured_by_the_call_and_by_the_bucket() -> None:
    aws, time = Aws(refusal("TooManyRequestsException", 429, retry_after="7"), {"item": []}), Time()
    quota = RegionQuota(Limits(Limit(10, 40)), time.clock)
    caller(aws, time, quota=quota).call("apigateway", "GetStages", {}, expect="item")
    assert time.now == pytest.approx(7.1)
    assert quota.reserve("GetStages") > 0


@pytest.mark.parametrize("advice", ["Fri, 20 Nov 2026 02:00:00 GMT", "nan", "-3", "", "inf"])
def test_advice_that_is_no_number_of_seconds_is_passed_over(advice: str) -> None:
    time = Time()
    aws = Aws(refusal("TooManyRequestsException", 429, retry_after=advice), {"item": []})
    caller(aws, time, retries=RetryPolicy(first_pause=1)).call("apigateway", "GetStages", {}, expect="item")
    assert time.slept == [1]


def test_a_call_gives_up_when_waiting_would_take_too_long() -> None:
    aws, time = Aws(refusal("TooManyRequestsException", 429, retry_after="3600")), Time()
    failure = fail(caller(aws, time)).failure
    assert (failure.kind, aws.asked, time.now) == (FailureKind.THROTTLED, 1, 0)


def test_an_answer_without_its_list_is_asked_for_once_more_and_then_malformed() -> None:
    aws = Aws({"ResponseMetadata": {}})
    failure = fail(caller(aws, Time()), expect="item").failure
    assert (failure.kind, aws.asked) == (FailureKind.MALFORMED, 2)
    mended = Aws({"ResponseMetadata": {}}, {"item": []})
    assert caller(mended, Time()).call("apigateway", "GetStages", {}, expect="item") == {"item": []}


def test_every_call_waits_for_the_quota_and_only_api_gateway_has_one() -> None:
    aws, time = Aws({"item": []}), Time()
    made = caller(aws, time, quota=RegionQuota(Limits(Limit(10, 1)), time.clock))
    for _ in range(3):
        made.call("apigateway", "GetStages", {})
    assert made.counts.waited_seconds == pytest.approx(0.2)
    for _ in range(3):
        made.call("acm", "DescribeCertificate", {})
    assert made.counts.waited_seconds == pytest.approx(0.2)


def test_nothing_is_sent_once_the_run_is_stopping() -> None:
    aws, stop = Aws({"item": []}), threading.Event()
    made = Caller(aws, stop=stop)
    stop.set()
    assert fail(made).failure.kind is FailureKind.INTERRUPTED
    assert aws.asked == 0


def test_a_stop_ends_a_wait() -> None:
    stop = threading.Event()

    class Stopping(Aws):
        def __call__(self, service: str, operation: str, parameters: dict[str, Any]) -> Any:
            stop.set()
            return super().__call__(service, operation, parameters)

    aws = Stopping(THROTTLE)
    made = Caller(aws, stop=stop, retries=RetryPolicy(first_pause=60, longest_pause=60), jitter=lambda: 1.0)
    assert fail(made).failure.kind is FailureKind.INTERRUPTED
    assert aws.asked == 1


def test_awss_own_words_are_kept_on_one_line_of_bounded_length() -> None:
    aws = Aws(refusal("AccessDeniedException", 403, "no\nright " + "x" * 5000))
    message = fail(caller(aws, Time())).failure.message
    assert "no right x" in message
    assert len(message) < 500
