"""The key with which secret values are hashed when the settings give none: random, made once, kept."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from cmdb.errors import SettingsError

log = logging.getLogger("gateledger.settings")

FILE = "hash.key"


def kept_key(data_dir: Path) -> bytes:
    """Return the key in ``hash.key`` of the data directory, readable by its owner alone; make it if missing.

    Raises ``SettingsError`` when it cannot be read or written.
    """
    file = data_dir / FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            _create(file)
        key = file.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            f"The hash key {file} cannot be used ({error.strerror}): make the directory writable or set "
            "GATELEDGER_HASH_KEY."
        ) from error
    if not key:
        raise SettingsError(
            f"The hash key {file} is empty: restore it from a backup, or delete it to have a new one made "
            "(every stage with variables will then look changed once)."
        )
    return key


def _create(file: Path) -> None:
    """Write a new key so that two processes starting together end up with the same one."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as writer:
            writer.write(secrets.token_hex(32) + "\n")
            writer.flush()
            os.fsync(writer.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            log.debug("another process made the hash key first", extra={"event": "hash_key.exists"})
    finally:
        draft.unlink()
