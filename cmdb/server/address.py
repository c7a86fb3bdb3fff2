"""Where the database is: libpq's own forms of an address, read once, shown without their secrets.

A form is a URL (``postgresql://``, with several hosts, a service, a password file, TLS options, a Unix
socket) or libpq's ``keyword=value`` text. libpq itself parses it, so what it means here is what it means to
psql;
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING describes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import URL

from cmdb.masking import HIDDEN, masked

EXAMPLE = "postgresql://user:password@host:5432/gateledger"
#: Parameters that hold a secret themselves.
SECRETS = frozenset(
    {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)
#: Drivers of SQLAlchemy that hand a URL's options to libpq, as gateledger does.
_LIBPQ_DRIVERS = frozenset({"psycopg", "psycopg_async", "psycopg2", "psycopg2cffi"})
#: Given where there is none; the empty text would count as none.
_NO_KEY_OPENER = " "
_KEYWORDS = re.compile(r"\s*[a-z_]+\s*=")
#: A name or an address of a host; what only a URL or a list of keywords has does not belong to one.
_HOST = re.compile(r"[^@/?#=;\s]*")
_SHOWABLE = re.compile(r"[A-Za-z_]{1,30}")
_ENCODE = (
    "holds a character that has a meaning of its own in a URL: percent-encode it where it belongs to a user, "
    "password or database (@ is %40, / is %2F, ? is %3F, # is %23, % is %25)"
)
#: Options of other programs' URLs, and what to do about each.
_FOREIGN_OPTIONS = {
    "ssl": "is not PostgreSQL's: write sslmode=require, or sslmode=verify-full with sslrootcert",
    "usessl": "is not PostgreSQL's: write sslmode=require, or sslmode=verify-full with sslrootcert",
    "sslaccept": "is not PostgreSQL's: write sslmode=require, or sslmode=verify-full with sslrootcert",
    "tls": "is not PostgreSQL's: write sslmode=require, or sslmode=verify-full with sslrootcert",
    "pgbouncer": "is another program's: leave it out, and name the server itself, not a pooler in "
    "transaction mode",
    "schema": "is another program's: leave it out, gateledger's schemas have their own names",
    "currentschema": "is another program's: leave it out, gateledger's schemas have their own names",
    "search_path": "is no option of a connection: leave it out, gateledger sets its own",
    "timezone": "is no option of a connection: leave it out, gateledger sets UTC itself",
    "username": "is not PostgreSQL's: write user",
    "database": "is not PostgreSQL's: write dbname",
    "timeout": "is not PostgreSQL's: write connect_timeout (seconds)",
    "connecttimeout": "is not PostgreSQL's: write connect_timeout (seconds)",
}


class AddressWrong(ValueError):
    """The text is no address; the message ends a sentence that begins with where it came from."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}; write for example {EXAMPLE}")


@dataclass(frozen=True)
class Address:
    """A database's address: libpq's parameters by name. Its text forms but ``url`` hold no secret."""

    parameters: Mapping[str, str] = field(repr=False)
    url: str = field(repr=False)
    """A ``postgresql://`` URL of the same meaning, secrets included."""

    def __str__(self) -> str:
        """Return the URL with every secret replaced by ``***``."""
        return _rendered({name: _shown(name, value) for name, value in self.parameters.items()})

    def connection_parameters(self) -> dict[str, str]:
        """Return what to connect with: the address, and what every connection of gateledger is given.

        A service's own values are never overridden: it may say how long to wait.
        """
        given = {"fallback_application_name": "gateledger", **self.parameters, "client_encoding": "UTF8"}
        if "service" in given or "PGSERVICE" in os.environ:
            return given
        if "connect_timeout" not in given and not os.environ.get("PGCONNECT_TIMEOUT"):
            given["connect_timeout"] = "10"
        # Without one, OpenSSL asks for the pass phrase of a key, and waits where nobody answers.
        given.setdefault("sslpassword", _NO_KEY_OPENER)
        return given

    def sqlalchemy_url(self) -> URL:
        """Return the address as SQLAlchemy shows it; of several hosts it has none.

        Connections are not made from it. Of the secrets it holds the password alone, which SQLAlchemy hides.
        """
        other = {
            name: _shown(name, value)
            for name, value in self.parameters.items()
            if name not in {"user", "dbname", "host", "port"} | SECRETS
        }
        host, port = self.parameters.get("host"), self.parameters.get("port")
        is_simple = "," not in f"{host}{port}"
        is_socket = host is not None and host.startswith(("/", "@"))
        if is_simple and (is_socket or host is None):
            other |= {name: value for name, value in (("host", host), ("port", port)) if value}
        return URL.create(
            "postgresql+psycopg",
            self.parameters.get("user"),
            self.parameters.get("password"),
            host if is_simple and not is_socket else None,
            int(port) if port and is_simple and not is_socket and host is not None else None,
            self.parameters.get("dbname"),
            other,
        )

    def conceal(self, text: str) -> str:
        """Return a text about this database (an error of a driver or a program) without its secrets."""
        for name in SECRETS & self.parameters.keys():
            secret = self.parameters[name]
            for form in {secret, quote(secret, safe=""), quote(secret)}:
                # A shorter one is no secret, and would garble the sentence.
                text = text.replace(form, HIDDEN) if len(form) > 3 else text
        return masked(text)

    @contextmanager
    def for_program(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield a connection string without secrets, and the environment in which a program finds those.

        Other users of the machine can read command lines. The password has a variable of its own; for other
        secrets libpq has a service file, which exists until the end of the block.
        """
        public = {name: value for name, value in self.parameters.items() if name not in SECRETS}
        kept = {name: self.parameters[name] for name in SECRETS & self.parameters.keys()}
        environment: dict[str, str] = {}
        if "password" in kept:
            environment["PGPASSWORD"] = kept.pop("password")
        if not kept:
            yield make_conninfo(**public), environment
            return
        with TemporaryDirectory(prefix="gateledger-") as folder:
            file = Path(folder) / "service.conf"
            lines = "".join(f"{name}={value}\n" for name, value in kept.items())
            file.touch(mode=0o600)
            file.write_text(f"[gateledger]\n{lines}", encoding="utf-8")
            yield (
                make_conninfo(**{**public, "service": "gateledger"}),
                {**environment, "PGSERVICEFILE": str(file)},
            )


def read_address(text: str) -> Address:
    """Return what a text says. Raises ``AddressWrong``, whose message never quotes a part of a secret."""
    if len(text) > 1 and text[0] in "\"'" and text[0] == text[-1]:
        raise AddressWrong("is in quotation marks, which belong to a shell or a file: leave them out")
    if _KEYWORDS.match(text):
        parameters = _parsed(text)
        _check(parameters)
        return Address(parameters, _rendered(parameters))
    scheme, separator, rest = text.partition("://")
    _check_scheme(scheme.lower(), has_separator=bool(separator))
    _check_characters(rest)
    _check_options(rest.partition("?")[2])
    url = f"postgresql://{rest}"
    parameters = _parsed(url)
    _check(parameters)
    return Address(parameters, url)


def _check_scheme(scheme: str, *, has_separator: bool) -> None:
    name, _, driver = scheme.partition("+")
    if not has_separator or name not in {"postgresql", "postgres"}:
        if has_separator and scheme in {"jdbc:postgresql", "jdbc:pgsql"}:
            raise AddressWrong("is a URL for JDBC; leave jdbc: out, and write user and password first")
        raise AddressWrong("is not a PostgreSQL URL")
    if driver and driver not in _LIBPQ_DRIVERS:
        named = f"the driver {driver}" if _SHOWABLE.fullmatch(driver.rstrip("0123456789")) else "a driver"
        raise AddressWrong(
            f"is for {named}, whose options are not PostgreSQL's own; gateledger brings its driver along, so "
            "leave the + and what follows out"
        )


def _check_characters(rest: str) -> None:
    """Refuse raw characters with which the parts of a URL could be told apart in more than one way."""
    if any(letter.isspace() or not letter.isprintable() for letter in rest):
        raise AddressWrong("holds a blank or a control character: percent-encode it (a blank is %20)")
    hosts = re.split("[/?]", rest, maxsplit=1)[0]
    path, _, query = rest[len(hosts) :].partition("?")
    if (
        "#" in rest
        or "@" in path
        or hosts.count("@") > 1
        or re.search("%(?![0-9A-Fa-f]{2})", rest)
        or ("@" in query and not ("@" in hosts or path))  # libpq takes all before it for a user
        or ("@" in query and not _is_query(query, is_strict="@" not in hosts))
    ):
        raise AddressWrong(_ENCODE)


def _is_query(query: str, *, is_strict: bool) -> bool:
    """Return whether a text can be the options of a URL, rather than the rest of a password."""
    pairs = [pair.partition("=") for pair in query.split("&")]
    return all(separator and (not is_strict or unquote(name) in _known()) for name, separator, _ in pairs)


def _check_options(query: str) -> None:
    seen: set[str] = set()
    for pair in query.split("&") if query else ():
        raw, separator, _ = pair.partition("=")
        name = unquote(raw)
        shown = f"the option {name}" if _SHOWABLE.fullmatch(name) else "an option"
        if name not in _known():
            # Of anything else, a part of the password could be shown.
            foreign = _FOREIGN_OPTIONS.get(name.lower().replace("-", "_"))
            raise AddressWrong(f"has {shown}, which {foreign or 'PostgreSQL does not know: leave it out'}")
        if not separator:
            raise AddressWrong(f"has {shown} without a value")
        if name in seen:
            raise AddressWrong(
                f"has {shown} twice; several hosts are written host1:5432,host2:5432 or host=host1,host2"
            )
        seen.add(name)


def _known() -> frozenset[str]:
    return frozenset(option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults())


def _parsed(text: str) -> dict[str, str]:
    try:
        return {name: str(value) for name, value in conninfo_to_dict(text).items()}
    except (psycopg.Error, UnicodeError):
        # libpq's own words quote what it could not read.
        raise AddressWrong(
            "is not a PostgreSQL URL that can be read (special characters in a password are written "
            "percent-encoded)"
        ) from None


def _check(parameters: Mapping[str, str]) -> None:
    for port in parameters.get("port", "").split(","):
        if port and not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65_536):
            raise AddressWrong(
                "has a port that is no number from 1 to 65535 (special characters in a password are written "
                "percent-encoded)"
            )
    _check_names(parameters)
    for where, seconds in (
        ("has a connect_timeout that", parameters.get("connect_timeout")),
        ("is used with PGCONNECT_TIMEOUT, which", os.environ.get("PGCONNECT_TIMEOUT") or None),
    ):
        if seconds is not None and not _is_number(seconds):
            raise AddressWrong(f"{where} is no number of seconds")
    if parameters.get("replication", "false").lower() not in {"false", "off", "no", "0"}:
        raise AddressWrong("has the option replication, for connections that run no SQL: leave it out")
    has_service = "service" in parameters or "PGSERVICE" in os.environ
    if not (parameters.get("dbname") or has_service or os.environ.get("PGDATABASE")):
        raise AddressWrong("names no database after the host")
    kept_apart = sorted((SECRETS - {"password"}) & parameters.keys())
    if "service" in parameters and kept_apart:
        raise AddressWrong(f"has {kept_apart[0]} beside a service: write it into the service file")


def _check_names(parameters: Mapping[str, str]) -> None:
    """Refuse names that are parts of an address: encoded as a whole, a password would be shown with them."""
    for host in parameters.get("host", "").split(","):
        if not host.startswith(("/", "@")) and not (_HOST.fullmatch(host) and _is_resolvable(host)):
            raise AddressWrong(
                "names a host that cannot be one (special characters in a user or password are written "
                "percent-encoded, the : and @ after them are not)"
            )
    if ":" in parameters.get("user", "") and "password" not in parameters:
        raise AddressWrong("has a user with a colon and no password: write the : between them as it is")
    name = parameters.get("dbname", "")
    if "://" in name or masked(name) != name:
        raise AddressWrong("has an address or a password where the name of the database belongs")


def _is_resolvable(host: str) -> bool:
    """Return whether a host's name can be asked for at all: no part of it is empty or too long."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        return bool(text) and int(float(text)) is not None
    except (ValueError, OverflowError):
        return False


def _shown(name: str, value: str) -> str:
    """Return a parameter's value without the secrets that it is or holds."""
    return HIDDEN if name in SECRETS else masked(value)


def _rendered(parameters: Mapping[str, str]) -> str:
    """Return the URL of the parameters, as libpq reads it."""
    other = dict(parameters)
    user, password, name = other.pop("user", None), other.pop("password", None), other.pop("dbname", "")
    login = quote(user or "", safe="") if user or password else ""
    if password is not None:
        login += f":{_quoted(password, safe='')}"
    hosts, ports = other.get("host", "").split(","), other.get("port", "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    where = ""
    if all(host and not host.startswith(("/", "@")) for host in hosts) and len(hosts) == len(ports):
        where = ",".join(
            (f"[{host}]" if ":" in host else quote(host, safe="")) + (f":{port}" if port else "")
            for host, port in zip(hosts, ports, strict=True)
        )
        other = {key: value for key, value in other.items() if key not in {"host", "port"}}
    query = "&".join(f"{key}={_quoted(value)}" for key, value in other.items())
    at = "@" if login else ""
    return f"postgresql://{login}{at}{where}/{quote(name, safe='')}{'?' if query else ''}{query}"


def _quoted(value: str, safe: str = "/,:*") -> str:
    return value if value == HIDDEN else quote(value, safe=safe)
