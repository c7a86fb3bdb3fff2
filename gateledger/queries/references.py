"""What people paste to name an item: ARNs, and for stages also console and invoke URLs, ``APIID/STAGE``.

One parser for every command. It reads which parts of an item's identity a text holds; finding the item in
the CMDB is the work of ``gateledger.queries.stages``.
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
    "console.aws.amazon.com": "aws",
    "console.amazonaws.cn": "aws-cn",
    "console.amazonaws-us-gov.com": "aws-us-gov",
}
_API = r"[A-Za-z0-9]+"
#: An API's id without more around it: AWS makes all of ten small letters and digits.
_API_ALONE = r"(?=.*[0-9])[a-z0-9]{10}"
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_LONGEST = 120
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
    given = text.strip().strip("<>\"'")
    if not unquote(given).isprintable():
        raise _unreadable(given)
    if given.startswith("arn:"):
        return _from_arn(given)
    if "://" in given or re.match(rf"{_API}\.execute-api\.|[a-z0-9.-]*console\.a", given):
        return _from_url(given)
    match = re.fullmatch(rf"({_API})/([^/\s]+)/?", given)
    if match is not None and match[1] in _HEADS:
        return ItemReference(_HEADS[match[1]], None, (), ending=given.rstrip("/"))
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
    _, partition, service, region, account, resource = parts
    if service not in {"apigateway", "execute-api"}:
        raise _unreadable(arn, f"is an ARN of {one_line(service) or 'no service'}, not of API Gateway")
    if not re.fullmatch(_REGION, region):
        raise _unreadable(arn, "is an ARN without a region")
    if service == "execute-api":
        # arn:PARTITION:execute-api:REGION:ACCOUNT:APIID/STAGE/VERB/PATH; the stage may be a wildcard.
        match = re.fullmatch(rf"({_API})(?:/([^/]*)(?:/.*)?)?", resource)
    else:
        # The colons before the path may be an account's place or none; deeper paths are parts of the stage.
        match = re.fullmatch(rf"/?restapis/({_API})(?:/stages(?:/([^/]+)(?:/.*)?)?|/.*)?/?", resource)
        match = match or re.fullmatch(rf"/?apis/({_API})/stages/([^/]+)(?:/.*)?", resource)
    if match is None:
        return _item(arn, partition, region, account, resource)
    return StageReference(match[1], _stage(match[2]), region, partition, account or None)


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
    if invoke is not None and invoke[3] in {"amazonaws.com", "amazonaws.com.cn"}:
        return _from_invoke_url(url, invoke)
    for suffix, partition in _SUFFIXES.items():
        if "console" in suffix and (host == suffix or host.endswith(f".{suffix}")):
            return _from_console_url(text, url, host.removesuffix(suffix).rstrip("."), partition)
    why = "is a URL of a custom domain, which may map to several stages" if host else "is not a whole URL"
    raise _unreadable(text, why)


def _from_invoke_url(url: SplitResult, invoke: re.Match[str]) -> StageReference:
    stage = url.path.strip("/").split("/", 1)[0]
    # The default domain names neither partition nor GovCloud: the region does.
    partition = _SUFFIXES[invoke[3]]
    if invoke[2].startswith("us-gov-"):
        partition = "aws-us-gov"
    return StageReference(invoke[1], _stage(stage), invoke[2], partition)


def _from_console_url(text: str, url: SplitResult, before: str, partition: str) -> StageReference:
    """Read both consoles: today's ``/apigateway/main/apis/ID/...``, and ``/apigateway/home#/apis/ID/...``."""
    path, fragment = unquote(url.path), unquote(url.fragment)
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
