"""Does the value of a stage variable look like a secret? Judged while it is at hand, for values are never kept.

Two signs count: a shape that only credentials have (whoever issues them gave them one so that they can be
found), and a name that says secret with a value that is random enough to be one. What only refers to a secret
(an ARN, a path of Parameter Store, a URL) is none.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

#: Shapes of credentials, as their issuers document them.
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        r"(?<![A-Z0-9])(AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])",  # AWS access key ids
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----",  # PEM
        r"\bgh[pousr]_[A-Za-z0-9]{36}",  # GitHub
        r"\bgithub_pat_[A-Za-z0-9_]{22,}",
        r"\bglpat-[A-Za-z0-9_-]{20}",  # GitLab
        r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",  # Slack
        r"\b[sr]k_live_[A-Za-z0-9]{20,}",  # Stripe
        r"\bAIza[A-Za-z0-9_-]{35}",  # Google
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",  # SendGrid
        r"\bnpm_[A-Za-z0-9]{36}",  # npm
        r"\bsk-ant-[A-Za-z0-9_-]{20,}",  # Anthropic
        r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",  # signed JSON web tokens
    )
)
_WORDS = frozenset(
    {
        "credential",
        "credentials",
        "pass",
        "passphrase",
        "passwd",
        "password",
        "pwd",
        "secret",
        "secrets",
        "token",
    }
)
_PARTS = ("password", "passwd", "secret", "apikey", "token", "privatekey", "accesskey")
#: Names that hold such a word and name something public, or where a secret is.
_PUBLIC = re.compile(
    r"public|publishable|(key|secret|token|credential|password)s?[_-]?"
    r"(id|name|arn|path|ref|version|stage|ttl|expiry|length|type|url|uri|endpoint|issuer|header)s?$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"arn:|[a-z][a-z0-9+.-]*://|/|ssm:|secretsmanager:|alias/", re.IGNORECASE)
_SHORTEST = 8
#: Bits of entropy per character from which a value is taken for random; what repeats itself lies below.
_RANDOM = 2.5


def looks_secret(name: str, value: str) -> bool:
    """Return whether a variable of this name and value looks like a secret."""
    if any(shape.search(value) for shape in _SHAPES) or _is_url_with_password(value):
        return True
    return _says_secret(name) and _is_random(value)


def _words(name: str) -> list[str]:
    """Return the words of ``dbPassword``, ``DB_PASSWORD`` and ``db-password`` alike."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return re.findall(r"[a-z0-9]+", parted.lower())


def _says_secret(name: str) -> bool:
    words = _words(name)
    joined = "".join(words)
    hit = not _WORDS.isdisjoint(words) or any(part in joined for part in _PARTS)
    return hit and not _PUBLIC.search(name)


def _is_random(value: str) -> bool:
    if len(value) < _SHORTEST or _REFERENCE.match(value):
        return False
    has_letter, has_digit = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    if not (has_letter and has_digit):
        return False
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return entropy >= _RANDOM


def _is_url_with_password(value: str) -> bool:
    if "://" not in value:
        return False
    try:
        parts = urlsplit(value)
        password = parts.password
        query = parse_qsl(parts.query)
    except ValueError:
        return False
    if password:
        return True
    return any(_says_secret(name) and len(given) >= _SHORTEST and _is_random(given) for name, given in query)
