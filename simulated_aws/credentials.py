"""Who calls: access keys of accounts, and sessions of assumed roles that expire."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: an account's own user (``role`` is ``None``) or a session of one of its roles."""

    account_id: str
    role: str | None = None
    session_name: str | None = None
    expires_at: float | None = None
    """Seconds since the epoch, by the real clock, since SDKs refresh by it; ``None``: never."""

    def arn(self, partition: str) -> str:
        """Return the ARN that GetCallerIdentity gives."""
        if self.role is None:
            return f"arn:{partition}:iam::{self.account_id}:user/gateledger"
        return f"arn:{partition}:sts::{self.account_id}:assumed-role/{self.role}/{self.session_name}"


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key with its secret and, for sessions, its token. Signatures are not checked."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


def _digest(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


class Credentials:
    """All access keys that the simulated AWS knows. Safe to use from several threads."""

    def __init__(self, *, seed: str, clock: Callable[[], float] = time.time) -> None:
        self._seed = seed
        self._clock = clock
        self._lock = Lock()
        self._principals: dict[str, Principal] = {}
        self._tokens: dict[str, str] = {}

    def of_account(self, account_id: str) -> Keys:
        """Return the lasting access key of an account's own user, the same one every time."""
        digest = _digest(self._seed, "user", account_id).upper()
        keys = Keys(f"AKIA{digest[:16]}", digest[16:56].lower())
        self._principals.setdefault(keys.access_key_id, Principal(account_id))
        return keys

    def start_session(
        self, account_id: str, role: str, session_name: str, seconds: float
    ) -> tuple[Keys, float]:
        """Open a session of a role; return its keys and its expiry in seconds since the epoch."""
        expires_at = float(int(self._clock() + seconds))
        keys = Keys(f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(60))
        with self._lock:
            self._principals[keys.access_key_id] = Principal(account_id, role, session_name, expires_at)
            self._tokens[keys.access_key_id] = keys.session_token or ""
        return keys, expires_at

    def expire_sessions(self, account_id: str | None = None) -> int:
        """End all sessions (of one account) at once, as a revocation would; return how many."""
        with self._lock:
            ended = 0
            for key, who in self._principals.items():
                if who.expires_at is not None and account_id in {None, who.account_id}:
                    self._principals[key] = Principal(who.account_id, who.role, who.session_name, 0.0)
                    ended += 1
            return ended

    def find(self, access_key_id: str, session_token: str | None) -> Principal | None:
        """Return who an access key belongs to; ``None`` when unknown or its token is not the one given."""
        found = self._principals.get(access_key_id)
        if found is None or self._tokens.get(access_key_id) != session_token:
            return None
        return found

    def expired(self, principal: Principal) -> bool:
        """Return whether a session's time is over."""
        return principal.expires_at is not None and principal.expires_at <= self._clock()
