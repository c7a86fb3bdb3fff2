"""A process that has everything imported and forks a ``gateledger`` for each command line it is given.

A real process each, with its own connections, that can be killed; only the seconds of importing, of parsing the
policies that come with the program, and of parsing AWS's models are spared.
Reads one JSON object a line: ``{"arguments": [...], "environment": {...}, "folder": DIRECTORY,
"output": FILE, "errors": FILE}`` is answered with ``{"pid": PID}``, ``{"wait": PID}`` with
``{"status": WAIT_STATUS}`` once that process has ended. The environment is all that the process gets; output
and errors may be one file.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import traceback
from typing import Any, NoReturn

from collectors.models import models
from collectors.sessions import SERVICES
from evaluator.catalog.loading import load_catalog
from gateledger.cli import entry as cli
from gateledger.nightly import job as nightly

# Commands import what they need when they run; here it is done before.
assert nightly.run is not None
load_catalog()
for _service in SERVICES:
    for _kind in ("service-2", "endpoint-rule-set-1"):
        models(None).load_service_model(_service, _kind)
for _name in ("endpoints", "partitions", "sdk-default-configuration"):
    models(None).load_data(_name)


def main() -> None:
    """Serve until the input ends."""
    assert threading.active_count() == 1, "only a process of one thread can fork whole"
    gc.freeze()
    # As the command line does for itself.
    gc.set_threshold(50_000, 20, 20)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer: dict[str, Any] = {"status": os.waitpid(order["wait"], 0)[1]}
        else:
            pid = os.fork()
            if pid == 0:
                _become(order)
            answer = {"pid": pid}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _become(order: dict[str, Any]) -> NoReturn:
    """Be the command line from now on."""
    code: Any = 70
    try:
        for number, name in ((1, "output"), (2, "errors")):
            opened = os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(opened, number)
            os.close(opened)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv = ["gateledger", *order["arguments"]]
        cli.main()
        code = 0
    except SystemExit as ending:
        code = ending.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    main()
