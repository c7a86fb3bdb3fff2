"""What people paste to name an item: ARNs, and for stages also console and invoke URLs, ``APIID/STAGE``.

A stage is named by ARNs of API Gateway, of what invokes it, and of the log group of its execution log, and by
URLs of its pages, its own and AWS's API. One parser for every command. It reads which parts of an item's
identity a text holds; finding the item in the CMDB is the work of ``gateledger.queries.stages``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from cmdb.errors import GateledgerError
from gateledger.terminal.logs import one_line

#: The domain suffixes of AWS's partitions, for invoke and console URLs (AWS General Reference, endpoints).
_SUFFIXES = {
    "amazonaws.com": "aws",
    "amazonaws.com.cn": "aws-cn",
    "amazonaws.eu": "aws-eusc",
    "api.aws": "aws",
    "c2s.ic.gov": "aws-iso",
    "sc2s.sgov.gov": "aws-iso-b",
    "cloud.adc-e.uk": "aws-iso-e",
    "csp.hci.ic.gov": "aws-iso-f",
    "console.aws.amazon.com": "aws",
    "console.amazonaws.cn": "aws-cn",
    "console.amazonaws-us-gov.com": "aws-us-gov",
    "console.amazonaws-eusc.eu": "aws-eusc",
}
#: Quotation marks of any kind, and what pasting brings along unseen.
_WRAPPING = "<>\"'`\u2018\u2019\u201c\u201d\u200b\ufeff"
_API = r"[A-Za-z0-9]+"
#: An API's id without more around it: AWS makes all of ten small letters and digits.
_API_ALONE = r"(?=.*[0-9])[a-z0-9]{10}"
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_LONGEST = 120
#: A path of AWS's API, and the end of an ARN: a stage, or its API.
_PATH = re.compile(
    rf"/?(?:restapis/({_API})(?:/stages(?:/([^/]+)(?:/.*)?)?|/.*)?/?|(?:v2/)?apis/({_API})/stages/([^/]+)(?:/.*)?)"
)
#: The log group of a stage's execution log; the CloudWatch console writes its slash in a way of its own.
_LOG_GROUP = re.compile(
    rf"(?:API-Gateway-Execution-Logs_|/aws/apigateway/)({_API})(?:/|\$252F|%252F|%2F)([^/:?#$&%\s]+)(?:[:/$].*)?$"
)
_CONSOLE_OF = re.compile(r"(?:destination|redirect_uri)=(https?%3A%2F%2F[^&]+)", re.IGNORECASE)
#: Item types that belong to no other, but for REST APIs, whose ARN stands for their stage; by how ARNs begin.
_HEADS = {
    "apis": "api",
    "domainnames": "domain_name",
    "usageplans": "usage_plan",
    "account": "account_settings",
}
_FORMS = (
    "write its ARN (arn:aws:apigateway:REGION::/restapis/ID/stages/NAME), APIID/STAGE, the id of an API with "
    "one stage, or its console or invoke URL"
)


class ReferenceUnreadable(GateledgerError):
    """The text does not name a stage in any known form."""


@dataclass(frozen=True, slots=True)
class StageReference:
    """What a text says about the stage that it names, of whatever kind of API; None: it does not say."""

    api_id: str
    stage_name: str | None = None
    region: str | None = None
    partition: str | None = None
    account_id: str | None = None

    @property
    def label(self) -> str:
        """What is known of it, on one line, for sentences."""
        name = self.api_id if self.stage_name is None else f"{self.api_id}/{self.stage_name}"
        where = f" in {self.region}" if self.region else ""
        account = f" of account {self.account_id}" if self.account_id else ""
        return one_line(f"{name}{where}{account}")


@dataclass(frozen=True, slots=True)
class ItemReference:
    """An item that is no stage, by its ARN or the end of it; in most of these the account's place is empty."""

    item_type: str
    region: str | None
    arns: tuple[str, ...]
    """As it was given, and without the account; none where only its end was given."""
    account_id: str | None = None
    ending: str | None = None
    """What its ARN ends with, as tables show it: ``domainnames/api.example.com``."""

    @property
    def label(self) -> str:
        """What is known of it, on one line, for sentences."""
        return one_line(self.ending or self.arns[0])


def parse_reference(text: str) -> StageReference | ItemReference:
    """Return what a text says about a stage or another item; raises ``ReferenceUnreadable`` when it names none."""
    given = text.strip().strip(_WRAPPING).strip()
    if not unquote(given).isprintable():
        raise _unreadable(given)
    if given[:4].lower() == "arn:":
        return _from_arn(f"arn:{given[4:]}")
    nested = _CONSOLE_OF.search(given)
    if nested is not None:
        # The page of the access portal, or of the login, that leads to one.
        return _from_url(unquote(nested[1]))
    if "://" in given or re.match(rf"{_API}\.execute-api\.|[a-z0-9.-]*console\.a", given):
        return _from_url(given)
    return _from_short(given)


def _from_short(given: str) -> StageReference | ItemReference:
    """Return what is named without partition, account and region."""
    match = _LOG_GROUP.match(given) or re.fullmatch(rf"({_API})/([^/\s]+)/?", given)
    if match is not None and match[1] in _HEADS:
        return ItemReference(_HEADS[match[1]], None, (), ending=given.rstrip("/"))
    match = match or re.fullmatch(rf"ag-({_API})-(\S+)", given)  # Terraform's id
    if match is None and "/stages" in given and _PATH.fullmatch(given):
        return StageReference(*_of_path(given))
    if match is not None:
        return StageReference(match[1], unquote(match[2]))
    if re.fullmatch(_API_ALONE, given):
        return StageReference(given)
    raise _unreadable(given)


def _unreadable(given: str, why: str = "does not name a stage") -> ReferenceUnreadable:
    shown = given if len(given) <= _LONGEST else f"{given[:_LONGEST]}..."
    return ReferenceUnreadable(f"{one_line(shown)!r} {why}: {_FORMS}.")


def _from_arn(arn: str) -> StageReference | ItemReference:
    parts = arn.split(":", 5)
    if len(parts) < 6 or not re.fullmatch(r"aws(-[a-z]+)*", parts[1]):
        raise _unreadable(arn, "is not a whole ARN")
    _, partition, service, given_region, account, resource = parts
    region: str | None = given_region.lower()
    log_group = _LOG_GROUP.match(resource.removeprefix("log-group:")) if service == "logs" else None
    if log_group is not None:
        return StageReference(log_group[1], _stage(log_group[2]), region, partition, account or None)
    if service not in {"apigateway", "execute-api"}:
        raise _unreadable(arn, f"is an ARN of {one_line(service) or 'no service'}, not of API Gateway")
    if service == "execute-api":
        # Policies write wildcards, which say nothing.
        region, account = None if region == "*" else region, account.replace("*", "")
    if region is not None and not re.fullmatch(_REGION, region):
        raise _unreadable(arn, "is an ARN without a region")
    if service == "execute-api":
        # arn:PARTITION:execute-api:REGION:ACCOUNT:APIID/STAGE/VERB/PATH; the stage may be a wildcard.
        match = re.fullmatch(rf"({_API})(?:/([^/]*)(?:/.*)?)?", resource)
        if match is not None:
            return StageReference(match[1], _stage(match[2]), region, partition, account or None)
    elif _PATH.fullmatch(resource):
        # The colons before the path may be an account's place or none; deeper paths are parts of the stage.
        return StageReference(*_of_path(resource), region, partition, account or None)
    if region is None:
        raise _unreadable(arn)
    return _item(arn, partition, region, account, resource)


def _of_path(path: str) -> tuple[str, str | None]:
    """Return the API and the stage that a path names, which ``_PATH`` fits."""
    match = _PATH.fullmatch(path)
    assert match is not None  # noqa: S101 - the caller has seen that
    return (match[1], _stage(match[2])) if match[1] else (match[3], _stage(match[4]))


def _item(arn: str, partition: str, region: str, account: str, resource: str) -> ItemReference:
    """Return the item of another type that an ARN names, by what stands first in the ARNs of its type."""
    kind, _, rest = resource.strip("/").partition("/")
    item_type = _HEADS.get(kind)
    if item_type is None:
        raise _unreadable(arn)
    name = f"{kind}/{rest.split('/')[0]}" if rest else kind
    arns = [f"arn:{partition}:apigateway:{region}:{of}:/{name}" for of in (account, "")]
    return ItemReference(item_type, region, tuple(dict.fromkeys(arns)), account or None)


def _stage(name: str | None) -> str | None:
    return None if name in {None, "", "*"} else unquote(str(name))


def _from_url(text: str) -> StageReference:
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        host = (url.hostname or "").lower()
    except ValueError:
        raise _unreadable(text, "is not a whole URL") from None
    invoke = re.fullmatch(rf"({_API})(?:-vpce-[a-z0-9]+)?\.execute-api\.({_REGION})\.(.+)", host)
    if invoke is not None and "console" not in invoke[3] and invoke[3] in _SUFFIXES:
        return _from_invoke_url(url, invoke)
    own = re.fullmatch(rf"apigateway\.({_REGION})\.(.+)", host)
    if own is not None and own[2] in _SUFFIXES and _PATH.fullmatch(url.path):
        return StageReference(*_of_path(url.path), own[1], _partition(own[2], own[1]))
    for suffix, partition in _SUFFIXES.items():
        if "console" in suffix and (host == suffix or host.endswith(f".{suffix}")):
            return _from_console_url(text, url, host.removesuffix(suffix).rstrip("."), partition)
    why = "is a URL of a custom domain, which may map to several stages" if host else "is not a whole URL"
    raise _unreadable(text, why)


def _from_invoke_url(url: SplitResult, invoke: re.Match[str]) -> StageReference:
    stage = url.path.strip("/").split("/", 1)[0]
    return StageReference(invoke[1], _stage(stage), invoke[2], _partition(invoke[3], invoke[2]))


def _partition(suffix: str, region: str) -> str:
    """Return the partition of a domain; the default one is GovCloud's too, which its regions tell."""
    return "aws-us-gov" if region.startswith("us-gov-") else _SUFFIXES[suffix]


def _from_console_url(text: str, url: SplitResult, before: str, partition: str) -> StageReference:
    """Read both consoles: today's ``/apigateway/main/apis/ID/...``, and ``/apigateway/home#/apis/ID/...``."""
    path, fragment = unquote(url.path), unquote(url.fragment)
    log_group = _LOG_GROUP.search(fragment)
    if log_group is not None:
        region = _first(parse_qs(url.query), "region") or _region_of(before)
        return StageReference(log_group[1], _stage(log_group[2]), region, partition)
    if not path.startswith("/apigateway"):
        raise _unreadable(text, "is a page of another service's console")
    query = parse_qs(url.query)
    if "?" in fragment:
        fragment, _, more = fragment.partition("?")
        query |= parse_qs(more)
    api = re.search(rf"/(?:rest)?apis/({_API})", fragment) or re.search(rf"/(?:rest)?apis/({_API})", path)
    api_id = api[1] if api else _first(query, "api", "apiId", "restApiId")
    if not api_id:
        raise _unreadable(text, "is a page of the console that shows no API")
    stage = re.search(r"/stages/([^/?#]+)", fragment) or re.search(r"/stages/([^/?#]+)", path)
    region = _first(query, "region") or _region_of(before)
    return StageReference(
        api_id, stage[1] if stage else _first(query, "stage", "stageName"), region, partition
    )


def _first(query: dict[str, list[str]], *names: str) -> str | None:
    return next((query[name][0].strip() for name in names if query.get(name)), None)


def _region_of(host: str) -> str | None:
    """Return the region in a console's host; before it may stand the account of one of several sessions."""
    return next((part for part in reversed(host.split(".")) if re.fullmatch(_REGION, part)), None)
