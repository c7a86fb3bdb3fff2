"""AWS's service models as the SDK reads them, with those operations alone that are called.

Each client gets a method for every operation of its service; EC2 has some 750, of which one is asked. Without
the others a client is made in a third of the time, and none of them can change anything.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

#: How the names of operations begin that only read, or take on a role.
_READING = ("Get", "List", "Describe", "AssumeRole")
#: Services of which a few operations are called, by name.
_FEW = {"ec2": frozenset({"DescribeRegions"})}


class _Models(Loader):
    """Reads models, and keeps them."""

    def __init__(self, extra: list[str]) -> None:
        super().__init__(extra_search_paths=extra)
        self._kept: dict[tuple[str, str, str | None], Any] = {}

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        key = (service_name, type_name, api_version)
        if key not in self._kept:
            model = super().load_service_model(service_name, type_name, api_version)
            if type_name == "service-2":
                called = {
                    name: operation
                    for name, operation in model["operations"].items()
                    if _is_called(service_name, name)
                }
                model = {**model, "operations": called}
            self._kept[key] = model
        return self._kept[key]


@cache
def models(path: str | None) -> Loader:
    """Return what reads models, also from further directories (as ``AWS_DATA_PATH`` names them), and keeps them.

    Parsing them for each run would cost more than its calls.
    """
    further = [Path(os.path.expandvars(part)).expanduser() for part in (path or "").split(os.pathsep) if part]
    return _Models(list(map(str, further)))


def _is_called(service: str, operation: str) -> bool:
    if service in _FEW:
        return operation in _FEW[service]
    return operation.startswith(_READING)
