"""Reading the setting that holds parameters of policies: a table in the file, JSON in the environment."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from cmdb.errors import shown


def policy_parameters(value: Any) -> Any:
    """Return parameters by policy id."""
    example = '{"<policy id>": {"days": 45}}'
    if isinstance(value, str):
        try:
            value = json.loads(value, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, _Twice) else "is not JSON"
            raise ValueError(f"{reason}; write for example {example}") from None
    if not isinstance(value, dict):
        raise ValueError(f"is not a table of policies; write for example {example}")
    for policy_id, parameters in value.items():
        if not isinstance(parameters, dict):
            raise ValueError(
                f"gives {shown(policy_id)} something other than a table of parameters; "
                f"write for example {example}"
            )
        for name, parameter in parameters.items():
            if not _is_parameter(parameter):
                raise ValueError(
                    f"gives {shown(name)} of {shown(policy_id)} a value that is no number, text or "
                    f"true/false; write for example {example}"
                )
    return value


class _Twice(ValueError):
    """A key is there twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(f"has the key {shown(next(name for name in names if names.count(name) > 1))} twice")
    return found


def _is_parameter(value: Any) -> bool:
    if isinstance(value, str):
        return not re.search("[\0\ud800-\udfff]", value)
    return isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))
