"""Hiding secrets in text for people: passwords, tokens and keys, wherever in a URL they stand.

What a database URL holds is hidden by ``cmdb.server.address``, which parses it. This module is for all other
text (errors of libraries, log lines), in which URLs of any kind may occur. Where it is not clear what belongs
to a secret, more is hidden rather than less.
"""

from __future__ import annotations

import re

HIDDEN = "***"

#: Names of parameters whose values are secret, as a pattern.
_NAME_PATTERN = (
    r"(?:[\w.-]*(?:passw|passphrase|secret|token|signature|credential|api[_-]?key|access[_-]?key)[\w.-]*"
    r"|pwd|pass|sig|key|auth|scram_client_key|scram_server_key)"
)
_URL = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<rest>\S+)")
#: A user and a password. The password goes on to the last @: raw ones hold @, / and ? themselves.
_USER_AND_PASSWORD = re.compile(r"(?P<user>[^\s:/?#@]*):(?P<password>\S*)@")
#: Stands for a password in examples.
_PLACEHOLDER = "password"
_USER = re.compile(r"[^\s:/?#@]+@")
_URL_PARAMETER = re.compile(rf"(?P<name>[?&;]{_NAME_PATTERN}=)[^&\s\"']*", re.IGNORECASE)
#: ``password=...`` outside a URL: a connection string of libpq, an option of a program.
_PARAMETER = re.compile(
    r"(?P<name>\b\w*(?:password|passwd|secret|_token|\bpin-value)\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s&;,\"')]+)",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return the text with every secret that it holds replaced by ``***``."""
    if "=" not in text and "://" not in text:
        return text
    return _PARAMETER.sub(rf"\g<name>{HIDDEN}", _URL.sub(_masked_url, text))


def _masked_url(found: re.Match[str]) -> str:
    scheme, rest = found["scheme"], found["rest"]
    login = _USER_AND_PASSWORD.match(rest)
    if login is not None and login["password"] == _PLACEHOLDER:
        return found[0]
    if login is not None:
        rest = f"{login['user']}:{HIDDEN}@{rest[login.end() :]}"
    elif not scheme.lower().startswith("postgres"):
        # Where there is no password, what stands for the user is the token itself.
        rest = _USER.sub(f"{HIDDEN}@", rest, count=1) if _USER.match(rest) else rest
    return f"{scheme}://" + _URL_PARAMETER.sub(rf"\g<name>{HIDDEN}", rest)
