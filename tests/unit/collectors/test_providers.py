"""Every provider of the SDK, failing in its own ways with nobody at a terminal: one sentence, no secret."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.compat import EC  # type: ignore[attr-defined]

from collectors.errors import CollectionError
from collectors.sessions import Sessions, Transport
from simulated_aws import FaultKind, SimulatedAws
from tests.support.tiny_http import answering
from tests.unit.collectors.conftest import OWN, QUICK

CANARY = "canary-5ecre7"
KEYS = {"Version": 1, "AccessKeyId": "AKIA0000000000000000", "SecretAccessKey": CANARY}


@dataclass
class World:
    """What a process is given to find credentials: a home, AWS files, an environment; and how that ended."""

    home: Path
    aws: SimulatedAws
    environment: dict[str, str]
    servers: ExitStack
    patch: pytest.MonkeyPatch
    seconds: float = 20.0
    """How long a provider may take; short where one never answers."""

    def config(self, text: str) -> None:
        (self.home / "config").write_text(text, encoding="utf-8")

    def credentials(self, text: str) -> None:
        (self.home / "credentials").write_text(text, encoding="utf-8")

    def without_keys(self) -> None:
        self.environment.pop("AWS_ACCESS_KEY_ID")
        self.environment.pop("AWS_SECRET_ACCESS_KEY")

    def profile(self, text: str) -> None:
        """Let a profile `audit` be in use and nothing else."""
        self.without_keys()
        self.environment["AWS_PROFILE"] = "audit"
        self.config(f"[profile audit]\n{text}\n")

    def process(self, script: str) -> None:
        """Let the profile's credential_process be this shell script."""
        program = self.home / "program"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.profile(f"credential_process = {program}")

    def serve(self, status: int = 200, body: bytes = b"{}", *, silent_seconds: float = 0.0) -> str:
        return self.servers.enter_context(answering(status, body, silent_seconds=silent_seconds)).url

    def sso(self, *, expires: str | None, session: bool = False) -> None:
        """Let the profile be one of SSO, its token good until then (None: there is none)."""
        start = "https://example.awsapps.com/start"
        text = f"sso_account_id = {OWN}\nsso_role_name = Reader\n"
        if session:
            self.profile(f"{text}sso_session = corporate\n")
            written = (self.home / "config").read_text(encoding="utf-8")
            self.config(
                f"{written}\n[sso-session corporate]\nsso_start_url = {start}\nsso_region = eu-west-1\n"
            )
        else:
            self.profile(f"{text}sso_start_url = {start}\nsso_region = eu-west-1\n")
        if expires is not None:
            key = hashlib.sha1(("corporate" if session else start).encode()).hexdigest()  # noqa: S324
            cache = self.home / ".aws" / "sso" / "cache"
            cache.mkdir(parents=True)
            token = {"accessToken": CANARY, "expiresAt": expires, "startUrl": start, "region": "eu-west-1"}
            (cache / f"{key}.json").write_text(json.dumps(token), encoding="utf-8")

    def open(self) -> str:
        """Find the credentials with nobody at a terminal; return the sentence, or ``fine``."""
        for name, value in self.environment.items():
            self.patch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            if name not in self.environment:
                self.patch.delenv(name, raising=False)
        self.patch.setattr(sys, "stdin", None)
        try:
            Sessions(
                retries=QUICK, transport=Transport(self.seconds, self.seconds, process_timeout=self.seconds)
            ).close()
        except CollectionError as error:
            return str(error)
        return "fine"

    def open_at_home(self) -> str:
        """Do so in a process of its own, whose home is the test's: the SDK looks it up once."""
        self.patch.setenv("HOME", str(self.home))
        for name, value in self.environment.items():
            self.patch.setenv(name, value)
        self.patch.delenv("AWS_ACCESS_KEY_ID")
        ended = subprocess.run(
            [sys.executable, "-m", "tests.support.open_session", str(self.seconds)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (1, "")
        return ended.stdout.removesuffix("\n")


@pytest.fixture
def world(aws: SimulatedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    environment = {
        **aws.environment(OWN),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    (tmp_path / "config").touch()
    (tmp_path / "credentials").touch()
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as servers:
        yield World(tmp_path, aws, environment, servers, monkeypatch)


def set_environment(**values: str) -> Callable[[World], None]:
    return lambda world: world.environment.update(values)


def partial_environment(world: World) -> None:
    world.environment.pop("AWS_SECRET_ACCESS_KEY")


def expired_environment(world: World) -> None:
    world.environment["AWS_CREDENTIAL_EXPIRATION"] = "2020-01-01T00:00:00Z"
    world.environment["AWS_SESSION_TOKEN"] = CANARY


def odd_expiry(world: World) -> None:
    world.environment["AWS_CREDENTIAL_EXPIRATION"] = f"{CANARY} o'clock"
    world.environment["AWS_SESSION_TOKEN"] = CANARY


def no_profile(world: World) -> None:
    world.without_keys()
    world.environment["AWS_PROFILE"] = "nobody"


def empty_profile(world: World) -> None:
    world.profile("region = eu-west-1")


def shared_file_half(world: World) -> None:
    world.profile("region = eu-west-1")
    world.credentials("[audit]\naws_access_key_id = AKIA0000000000000000\n")


def config_file_half(world: World) -> None:
    world.profile("aws_access_key_id = AKIA0000000000000000")


def broken_config(world: World) -> None:
    world.without_keys()
    world.config(f"{CANARY} [profile")


def broken_credentials_file(world: World) -> None:
    world.without_keys()
    world.credentials("no section\n= = =\n[")


def role_without_source(world: World) -> None:
    world.profile("role_arn = arn:aws:iam::111111111111:role/Reader")


def role_in_a_circle(world: World) -> None:
    role = "role_arn = arn:aws:iam::111111111111:role/Reader"
    world.profile(f"{role}\nsource_profile = other\n[profile other]\n{role}\nsource_profile = audit")


def role_denied(world: World) -> None:
    keys = world.aws.environment(OWN)
    world.profile(
        "role_arn = arn:aws:iam::222222222222:role/Nobody\nsource_profile = base\n[profile base]\n"
        f"aws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}"
    )


def role_with_mfa(world: World) -> None:
    role_denied(world)
    text = (world.home / "config").read_text(encoding="utf-8")
    world.config(
        text.replace("source_profile", "mfa_serial = arn:aws:iam::111111111111:mfa/x\nsource_profile")
    )


def role_from_a_hanging_process(world: World) -> None:
    world.seconds = 1.0
    world.process("sleep 600")
    process = (world.home / "config").read_text(encoding="utf-8").replace("audit", "base")
    role = "role_arn = arn:aws:iam::222222222222:role/Reader\nsource_profile = base"
    world.config(f"[profile audit]\n{role}\n{process}")


def role_from_unknown_source(world: World) -> None:
    world.profile("role_arn = arn:aws:iam::111111111111:role/Reader\ncredential_source = Cloud")


def sts_down(world: World) -> None:
    role_denied(world)
    world.environment["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:1"


def no_region(world: World) -> None:
    role_denied(world)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        world.environment.pop(name)
        world.patch.delenv(name)


def identity_without_file(world: World) -> None:
    world.profile(
        f"role_arn = arn:aws:iam::111111111111:role/R\nweb_identity_token_file = {world.home}/no-token"
    )


def identity_refused(world: World) -> None:
    (world.home / "token").write_text(CANARY, encoding="utf-8")
    body = (
        b"<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token expired: current date/time "
        b"must be before the expiration</Message></Error></ErrorResponse>"
    )
    world.environment["AWS_ENDPOINT_URL_STS"] = world.serve(400, body)
    world.profile(
        f"role_arn = arn:aws:iam::111111111111:role/R\nweb_identity_token_file = {world.home}/token"
    )


def identity_without_role(world: World) -> None:
    world.profile(f"web_identity_token_file = {world.home}/token")


def sso_never(world: World) -> None:
    world.sso(expires=None)


def sso_expired(world: World) -> None:
    world.sso(expires="2020-01-01T00:00:00Z")


def sso_session_expired(world: World) -> None:
    world.sso(expires="2020-01-01T00:00:00Z", session=True)


def sso_refused(world: World) -> None:
    world.sso(expires="2099-01-01T00:00:00Z")
    body = b'{"message":"Session token not found or invalid","__type":"UnauthorizedException"}'
    world.environment["AWS_ENDPOINT_URL_SSO"] = world.serve(401, body)


def sso_garbage(world: World) -> None:
    world.sso(expires="2099-01-01T00:00:00Z")
    world.environment["AWS_ENDPOINT_URL_SSO"] = world.serve(200, f'{{"x": "{CANARY}"}}'.encode())


def sso_hangs(world: World) -> None:
    world.seconds = 1.0
    world.sso(expires="2099-01-01T00:00:00Z")
    world.environment["AWS_ENDPOINT_URL_SSO"] = world.serve(silent_seconds=20)


def sso_incomplete(world: World) -> None:
    world.profile(f"sso_account_id = {OWN}")


def login_never(world: World) -> None:
    world.profile("login_session = arn:aws:iam::111111111111:user/x")


def process_text(world: World) -> None:
    world.process(f"echo {CANARY}")


def process_fails(world: World) -> None:
    world.process(f"echo {CANARY} >&2; exit 3")


def process_hangs(world: World) -> None:
    world.seconds = 1.0
    world.process(f"echo {CANARY}; sleep 600 & sleep 600")


def endless(stream: str) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        if stream:
            world.seconds = 1.0
        world.process(f"exec yes {CANARY} {stream}")

    return prepare


def role_of_an_empty_source(world: World) -> None:
    world.profile(f"role_arn = arn:aws:iam::{OWN}:role/Reader\ncredential_source = Environment")


def role_with_a_short_id(world: World) -> None:
    role_denied(world)
    text = (world.home / "config").read_text(encoding="utf-8")
    world.config(text.replace("source_profile", "external_id = x\nsource_profile"))


def session_without_section(world: World) -> None:
    world.profile(f"sso_session = nowhere\nsso_account_id = {OWN}\nsso_role_name = Reader")


def process_asks(world: World) -> None:
    world.process("read answer; read answer < /dev/tty")


def process_missing(world: World) -> None:
    world.profile("credential_process = /no/such/program")


def process_unquoted(world: World) -> None:
    world.profile('credential_process = /bin/echo "open')


def process_says(**changes: object) -> Callable[[World], None]:
    said = json.dumps({name: value for name, value in {**KEYS, **changes}.items() if value is not ...})
    return lambda world: world.process(f"cat <<'END'\n{said}\nEND")


def container(status: int, body: str) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        world.without_keys()
        world.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = world.serve(status, body.encode())

    return prepare


def container_elsewhere(world: World) -> None:
    world.without_keys()
    world.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://192.0.2.1/credentials"


def container_down(world: World) -> None:
    world.without_keys()
    world.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/credentials"


def container_token(world: World) -> None:
    container(200, "{}")(world)
    world.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(world.home / "no-token")


def imds(status: int, body: bytes, **more: str) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        world.without_keys()
        world.environment["AWS_EC2_METADATA_DISABLED"] = "false"
        world.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = world.serve(status, body)
        world.environment.update(more)

    return prepare


def imds_url(world: World) -> None:
    world.without_keys()
    world.environment["AWS_EC2_METADATA_DISABLED"] = "false"
    world.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "no url at all"


SSO_LOGIN = "aws sso login --profile audit"
#: Cases that need a token where the SDK keeps its tokens.
AT_HOME = (sso_never, sso_expired, sso_session_expired, sso_refused, sso_garbage, sso_hangs, login_never)
CASES: list[tuple[str, Callable[[World], None], str]] = [
    ("environment, half", partial_environment, "AWS_SECRET_ACCESS_KEY is missing"),
    ("environment, expired", expired_environment, "clock"),
    ("environment, odd expiry", odd_expiry, "AWS_ACCESS_KEY_ID"),
    ("environment, unknown key", set_environment(AWS_ACCESS_KEY_ID="AKIANOBODY"), "check AWS_PROFILE"),
    ("environment, secret of a file", set_environment(AWS_SECRET_ACCESS_KEY=f"{CANARY}\n"), "a line break"),
    ("environment, token of bytes", set_environment(AWS_SESSION_TOKEN=f"{CANARY}\udcff"), "a line break"),
    ("environment, region of a file", set_environment(AWS_DEFAULT_REGION="us-east-1\n"), "check AWS_REGION"),
    (
        "environment, odd time-out",
        set_environment(AWS_METADATA_SERVICE_TIMEOUT="x"),
        "METADATA_SERVICE_TIMEOUT",
    ),
    ("profile, unknown", no_profile, "AWS profile nobody is not in the AWS configuration files"),
    ("profile, empty", empty_profile, "profile audit has none"),
    ("shared file, half", shared_file_half, "aws_secret_access_key is missing"),
    ("config file, half", config_file_half, "aws_secret_access_key is missing"),
    ("config file, broken", broken_config, "Unable to parse config file"),
    ("shared file, broken", broken_credentials_file, "Unable to parse config file"),
    ("role, no source", role_without_source, "role of AWS profile audit"),
    ("role, circle", role_in_a_circle, "Infinite loop"),
    ("role, denied", role_denied, "AccessDenied"),
    ("role, MFA", role_with_mfa, "needs an MFA code, and there is no terminal"),
    ("role, hanging process", role_from_a_hanging_process, "did not end within 1 s"),
    ("role, unknown source", role_from_unknown_source, "Cloud"),
    ("role, empty source", role_of_an_empty_source, "its source has no credentials"),
    ("role, short id", role_with_a_short_id, "its ExternalId is not what AWS allows"),
    ("role, STS down", sts_down, "could not reach 127.0.0.1:1"),
    ("role, no region", no_region, "set AWS_REGION"),
    ("web identity, no file", identity_without_file, "no-token cannot be read"),
    ("web identity, refused", identity_refused, "clock"),
    ("web identity, no role", identity_without_role, "role_arn"),
    ("SSO, no token", sso_never, SSO_LOGIN),
    ("SSO, expired", sso_expired, SSO_LOGIN),
    ("SSO session, expired", sso_session_expired, SSO_LOGIN),
    ("SSO, refused", sso_refused, SSO_LOGIN),
    ("SSO, garbage", sso_garbage, SSO_LOGIN),
    ("SSO, silent", sso_hangs, "was not answered in time"),
    ("SSO, no section", session_without_section, "correct the AWS config file"),
    ("SSO, incomplete", sso_incomplete, "sso_role_name"),
    ("login, none", login_never, "botocore[crt]" if EC is None else "aws login --profile audit"),
    ("process, text", process_text, "printed something that is no JSON"),
    ("process, fails", process_fails, "ended with status 3"),
    ("process, hangs", process_hangs, "did not end within 1 s"),
    ("process, asks", process_asks, "ended with status"),
    ("process, endless", endless(""), "printed more than 1 MiB"),
    ("process, endless complaints", endless(">&2"), "did not end within 1 s"),
    ("process, key of two lines", process_says(AccessKeyId="AKIA\nx"), "a key holds a line break"),
    ("process, missing", process_missing, "could not be started (No such file or directory)"),
    ("process, unquoted", process_unquoted, "credential_process of AWS profile audit"),
    ("process, list", lambda world: world.process("echo '[1]'"), "not an object with Version 1"),
    ("process, version", process_says(Version=CANARY), "not an object with Version 1"),
    ("process, no secret", process_says(SecretAccessKey=...), "printed no SecretAccessKey"),
    ("process, number", process_says(AccessKeyId=5), "printed no AccessKeyId"),
    ("process, odd token", process_says(SessionToken=[CANARY]), "SessionToken"),
    ("process, odd expiry", process_says(Expiration=CANARY), "Expiration"),
    ("process, expiry without zone", process_says(Expiration="2099-01-01T00:00:00"), "Expiration"),
    ("process, expired", process_says(Expiration="2020-01-01T00:00:00Z", SessionToken="t"), "clock"),
    ("container, error", container(500, CANARY), "answers HTTP 500"),
    ("container, text", container(200, CANARY), "does not answer with credentials"),
    ("container, list", container(200, f'["{CANARY}"]'), "does not answer with credentials"),
    ("container, half", container(200, f'{{"SecretAccessKey": "{CANARY}"}}'), "not answer with credentials"),
    ("container, elsewhere", container_elsewhere, "neither HTTPS nor of this machine"),
    ("container, down", container_down, "the endpoint does not answer"),
    ("container, no token", container_token, "no-token cannot be read"),
    ("IMDS, empty", imds(404, b""), "There are no AWS credentials"),
    ("IMDS, bad request", imds(400, CANARY.encode()), "There are no AWS credentials"),
    ("IMDS, text", imds(200, CANARY.encode()), "There are no AWS credentials"),
    ("IMDS, no v1", imds(404, b"", AWS_EC2_METADATA_V1_DISABLED="true"), "metadata service refuses"),
    ("IMDS, odd URL", imds_url, "no url at all"),
    ("odd setting", set_environment(AWS_STS_REGIONAL_ENDPOINTS="never"), "check AWS_* variables"),
    ("endpoint, no scheme", set_environment(AWS_ENDPOINT_URL="localhost:4566"), "as https://HOST"),
    (
        "endpoint, port",
        set_environment(AWS_ENDPOINT_URL="http://localhost:99999"),
        "a port that is no number",
    ),
    ("endpoint, blank", set_environment(AWS_ENDPOINT_URL="http://localhost:4566 "), "or something after it"),
    ("endpoint, other scheme", set_environment(AWS_ENDPOINT_URL="ftp://localhost"), "AWS_ENDPOINT_URL"),
    ("bundle, missing", set_environment(AWS_CA_BUNDLE="/no/bundle"), "AWS_CA_BUNDLE names '/no/bundle'"),
    ("bundle, junk", set_environment(AWS_CA_BUNDLE=__file__), "holds no certificate in PEM form"),
    ("bundle, directory", set_environment(AWS_CA_BUNDLE="/"), "AWS_CA_BUNDLE names '/'"),
    ("bundle of requests", set_environment(REQUESTS_CA_BUNDLE="/no/bundle"), "REQUESTS_CA_BUNDLE names"),
]


@pytest.mark.parametrize(
    ("prepare", "fragment"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_failing_provider_is_one_sentence(
    world: World,
    prepare: Callable[[World], None],
    fragment: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Given a provider that fails and nobody at a terminal, one sentence says so soon, without a secret."""
    prepare(world)
    began = time.monotonic()
    said = world.open_at_home() if prepare in AT_HOME else world.open()
    assert fragment in said
    assert said.endswith(".")
    assert "\n" not in said
    assert CANARY not in said
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
    assert time.monotonic() - began < 100


def test_good_credentials_of_a_process_are_used(world: World) -> None:
    keys = world.aws.environment(OWN)
    said = {
        "Version": 1,
        "AccessKeyId": keys["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
        "Expiration": "2099-01-01T00:00:00Z",
    }
    world.process(f"cat <<'END'\n{json.dumps(said)}\nEND")
    assert world.open() == "fine"


def test_a_process_that_hangs_is_ended_with_its_children(world: World) -> None:
    mark = world.home / "alive"
    world.seconds = 1.0
    world.process(f"(sleep 2; touch {mark}) & sleep 600")
    assert "did not end" in world.open()
    time.sleep(1.5)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("date", "fragment"),
    [
        ("Fri, 01 Jan 2100 00:00:00 GMT", "minutes behind AWS's; set it"),
        ("Sat, 01 Jan 2000 00:00:00 GMT", "minutes ahead of AWS's; set it"),
        (None, "check this machine's clock"),
    ],
)
def test_a_wrong_clock_is_named(world: World, date: str | None, fragment: str) -> None:
    body = (
        b"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: "
        b"20200101T000000Z is now earlier than 20261127T000000Z</Message></Error></ErrorResponse>"
    )
    headers = {} if date is None else {"Date": date}
    with answering(403, body, headers=headers) as server:
        world.environment["AWS_ENDPOINT_URL"] = server.url
        assert fragment in world.open()
        assert len(server.paths) == 1


def test_an_expired_session_is_named(world: World) -> None:
    world.aws.faults.add(FaultKind.EXPIRED_TOKEN, "GetCallerIdentity")
    assert "aws sso login" in world.open()
