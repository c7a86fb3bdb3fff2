"""Tags that an organization keeps of its accounts."""

from __future__ import annotations

from cmdb.snapshot import AccountKey
from collectors import values
from collectors.calls import Caller
from collectors.errors import malformed
from collectors.values import Hasher

_OPERATION = "ListTagsForResource"
#: An account has 50 tags at most (Organizations quotas).
_MOST_PAGES = 100


def read_account_tags(caller: Caller, account: AccountKey, hasher: Hasher) -> dict[str, str]:
    """Return an account's tags by key, sensitive values hashed; ``caller`` is who runs the collection.

    Only the organization's management account and delegated administrators may ask. Raises ``ReadFailure``,
    also for an account that is not in the organization: of its tags nothing is known.
    """
    tags: dict[str, str] = {}
    token: str | None = None
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        parameters = {"ResourceId": account.account_id}
        if token is not None:
            parameters["NextToken"] = token
        answer = caller.call("organizations", _OPERATION, parameters, expect="Tags")
        for record in values.sequence(_OPERATION, answer["Tags"], "the list of tags"):
            fields = values.structure(_OPERATION, record, "a tag")
            tags |= hasher.clean_tags(_OPERATION, {fields.get("Key"): fields.get("Value")})
        token = answer.get("NextToken")
        if token is None:
            return tags
        if not isinstance(token, str) or not token or token in seen:
            raise malformed(_OPERATION, "its pages lead nowhere new")
        seen.add(token)
    raise malformed(_OPERATION, f"it does not end after {_MOST_PAGES} pages")
