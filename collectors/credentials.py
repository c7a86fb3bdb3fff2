"""The caller's own credentials, from the chain of providers that the SDK has.

Nothing waits for a terminal that is not there, and for no process longer than its time.
"""

from __future__ import annotations

import getpass
import json
import logging
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from typing import Any, Protocol, cast

import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleProvider,
    CanonicalNameCredentialSourcer,
    CredentialResolver,
    Credentials,
    ProcessProvider,
    ProfileProviderBuilder,
    create_credential_resolver,
)
from botocore.utils import create_nested_client, parse_timestamp

from collectors.errors import CollectionError, ReadFailure
from collectors.provider_failures import ProviderTrouble, explain

log = logging.getLogger("collectors")

#: Seconds that a ``credential_process`` may take, as AWS's SDK for Go has it.
PROCESS_SECONDS = 60.0
#: Bytes that it may print; credentials have a few thousand.
PROCESS_BYTES = 1024 * 1024
#: What keys and tokens are made of.
_PRINTABLE = re.compile("[!-~]*")


class _Frozen(Protocol):
    """What gives keys to sign with."""

    method: str

    def get_frozen_credentials(self) -> Any:
        """Return the keys, fetched anew where they have expired."""


def load_own_credentials(
    session: botocore.session.Session,
    *,
    connect_timeout: float,
    read_timeout: float,
    process_timeout: float = PROCESS_SECONDS,
) -> Credentials:
    """Return what the first provider of the SDK's chain that has credentials gives.

    Raises ``CollectionError`` when one fails, or none has any.
    """
    _quiet_the_sdk()
    profile = profile_of(session)
    # The calls of the providers themselves; what may pass is tried again by who needs the credentials.
    session.set_default_client_config(
        Config(
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
    )
    method: str | None = None
    try:
        for provider in _chain(session, process_timeout).providers:
            method = provider.METHOD
            found = provider.load()
            if found is not None:
                return cast("Credentials", found)
    except Exception as error:
        raise CollectionError(explain(error, method, profile).failure.message) from None
    where = f" (profile {profile} has none)" if session.get_config_variable("profile") else ""
    raise CollectionError(
        f"There are no AWS credentials{where}: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or run where a role is attached."
    )


def frozen(credentials: _Frozen, profile: str) -> Any:
    """Return keys to sign with; raises ``ReadFailure`` when they cannot be had."""
    try:
        keys = credentials.get_frozen_credentials()
    except ReadFailure:
        raise
    except Exception as error:
        raise explain(error, credentials.method, profile) from None
    if all(_PRINTABLE.fullmatch(key or "") for key in keys[:3]):
        return keys
    # Sent all the same, they would be quoted in an error of the HTTP client, as far as they can be read.
    trouble = ProviderTrouble("cannot be used (a key holds a line break, a blank or what else no key has)")
    raise explain(trouble, credentials.method, profile)


def profile_of(session: botocore.session.Session) -> str:
    """Return the name of the profile in use."""
    return str(session.get_config_variable("profile") or "default")


def has_terminal() -> bool:
    """Return whether somebody can be asked for something."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:
        return False  # it is closed


def _chain(session: botocore.session.Session, process_timeout: float) -> CredentialResolver:
    """Return the SDK's own chain, in which no process runs for ever and nobody absent is asked for a code."""
    cache: dict[str, Any] = {}
    chain = create_credential_resolver(session, cache=cache)
    profile = profile_of(session)
    profiles = _Profiles(session, cache, process_timeout)
    named = [chain.get_provider(name) for name in ("env", "container-role", "iam-role")]

    def client(service: str, **options: Any) -> Any:
        return create_nested_client(session, service, **options)

    role = AssumeRoleProvider(
        load_config=lambda: session.full_config,
        client_creator=cast("Any", client),
        cache=cast("Any", cache),
        profile_name=profile,
        prompter=cast("Any", _ask_for_code),
        credential_sourcer=CanonicalNameCredentialSourcer(named),
        profile_provider_builder=profiles,
    )
    replaced = {"assume-role": role, "custom-process": profiles.process(profile)}
    return CredentialResolver(
        [cast("Any", replaced.get(str(provider.METHOD), provider)) for provider in chain.providers]
    )


class _Profiles(ProfileProviderBuilder):
    """Makes the providers of a source profile; its process has the same limits as the profile's own."""

    def __init__(self, session: Any, cache: Any, process_timeout: float) -> None:
        super().__init__(session, cache=cache)
        self._config_of = session
        self._process_timeout = process_timeout

    def process(self, profile_name: str) -> ProcessProvider:
        return ProcessProvider(
            profile_name=profile_name,
            load_config=lambda: self._config_of.full_config,
            popen=cast("Any", lambda words, **pipes: _Process(words, self._process_timeout, **pipes)),
        )

    def _create_process_provider(self, profile_name: str) -> ProcessProvider:
        return self.process(profile_name)


class _Process:
    """A ``credential_process`` with limited time and no terminal that is not there; its output is checked."""

    def __init__(self, words: list[str], seconds: float, **pipes: Any) -> None:
        self._seconds = seconds
        self._alone = not has_terminal()
        if self._alone:
            pipes |= {"stdin": subprocess.DEVNULL, "start_new_session": True}
        try:
            self._process = subprocess.Popen(words, **pipes)  # noqa: S603 - the user's own configuration
        except (OSError, ValueError, IndexError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ProviderTrouble(f"could not be started ({reason})") from None

    @property
    def returncode(self) -> int:
        """How it ended; whatever is not fine was raised before."""
        return 0

    def communicate(self) -> tuple[bytes, bytes]:
        """Return what it printed, once that is known to be credentials."""
        try:
            printed = self._read(time.monotonic() + self._seconds)
        except subprocess.TimeoutExpired:
            self._kill()
            raise ProviderTrouble(f"did not end within {self._seconds:g} s") from None
        except BaseException:
            self._kill()
            raise
        if self._process.returncode != 0:
            raise ProviderTrouble(f"ended with status {self._process.returncode}")
        problem = _process_problem(printed)
        if problem is not None:
            raise ProviderTrouble(problem)
        return printed, b""

    def _read(self, deadline: float) -> bytes:
        """Return what it printed until it ended; what it complains of is nobody's to see, and dropped."""
        output, complaints = self._process.stdout, self._process.stderr
        kept = bytearray()
        with selectors.DefaultSelector() as selector:
            for pipe in (output, complaints):
                if pipe is not None:
                    selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise subprocess.TimeoutExpired(self._process.args, self._seconds)
                for key, _ in selector.select(left):
                    chunk = os.read(key.fd, 65_536)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is output:
                        kept += chunk
                if len(kept) > PROCESS_BYTES:
                    raise ProviderTrouble("printed more than 1 MiB")
        self._process.wait(max(0.0, deadline - time.monotonic()))
        self._close_pipes()
        return bytes(kept)

    def _kill(self) -> None:
        try:
            if self._alone:
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        except OSError:
            pass  # it has just ended
        self._close_pipes()
        self._process.wait()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def _process_problem(printed: bytes) -> str | None:
    """Return what is wrong with the output of a ``credential_process``, without repeating any of it."""
    try:
        found = json.loads(printed.decode("utf-8"))
    except (ValueError, RecursionError):
        return "printed something that is no JSON"
    if not isinstance(found, dict) or found.get("Version") != 1:
        return "printed JSON that is not an object with Version 1"
    for name in ("AccessKeyId", "SecretAccessKey"):
        if not isinstance(found.get(name), str) or not found[name].strip():
            return f"printed no {name}"
    if not isinstance(found.get("SessionToken"), str | None):
        return "printed a SessionToken that is no text"
    return None if _is_time(found.get("Expiration")) else "printed an Expiration that is no time with a zone"


def _is_time(value: object) -> bool:
    """Return whether the SDK can read a time of expiry; None: there is none."""
    if value is None:
        return True
    try:
        return isinstance(value, str) and parse_timestamp(value).tzinfo is not None
    except (ValueError, TypeError, OverflowError, RuntimeError):
        return False


def _ask_for_code(prompt: str) -> str:
    if not has_terminal():
        raise ProviderTrouble(
            "needs an MFA code, and there is no terminal to ask for one (use a role that needs none, or a "
            "session that was opened before)"
        )
    return getpass.getpass(prompt)


class _WithoutTraceback(logging.Filter):
    """Leaves out what is raised as well, and tracebacks, but for debugging: answers may be quoted in them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if log.isEnabledFor(logging.DEBUG):
            return True
        if record.exc_info:
            record.exc_info = record.exc_text = None
        # A renewal in good time may fail and be made up for later; any other failure is raised.
        return "advisory" in record.getMessage()


_FILTER = _WithoutTraceback()


def _quiet_the_sdk() -> None:
    for name in ("botocore.credentials", "botocore.tokens", "urllib3.connection"):
        logging.getLogger(name).addFilter(_FILTER)
