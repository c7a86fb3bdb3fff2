"""Finds the caller's credentials in a process of its own; prints why that failed and exits with 1.

Its argument is how many seconds a provider may take.
"""

from __future__ import annotations

import logging
import sys

from cmdb.errors import GateledgerError
from collectors.calls import RetryPolicy
from collectors.sessions import Sessions, Transport

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    try:
        Sessions(
            retries=RetryPolicy(transient_tries=2, first_pause=0.001, longest_pause=0.002),
            transport=Transport(*[float(sys.argv[1])] * 3),
        ).close()
    except GateledgerError as error:
        print(error)
        sys.exit(1)
    print("fine")
