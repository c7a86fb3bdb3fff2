"""Serve a simulated AWS as a process of its own: ``python -m simulated_aws --estate scaled ...``.

Prints one line of JSON when it is ready (endpoint, management account, environment for an SDK) and serves
until SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys

from simulated_aws.estate import Estate
from simulated_aws.scenarios.scaled import scaled_estate
from simulated_aws.scenarios.story import demo_nights
from simulated_aws.server import SimulatedAws


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    options = _parser().parse_args(arguments)
    estate = _estate(options)
    # Blocked in all threads from here on, so that the one that asks for them gets them.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    server = SimulatedAws(estate, quota=options.quota, latency_ms=options.latency_ms, port=options.port)
    with server as aws:
        account = estate.management["aws"]
        ready = {
            "endpoint_url": aws.endpoint_url,
            "account_id": account,
            "environment": aws.environment(account),
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        signal.sigwait(ends)


def _estate(options: argparse.Namespace) -> Estate:
    if options.estate == "demo":
        return demo_nights(1).estate
    return scaled_estate(
        options.accounts,
        options.regions,
        options.apis,
        options.stages,
        options.certificates,
        seed=options.seed,
        share_of_empty=options.share_of_empty,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulated_aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--estate", choices=("demo", "scaled"), default="demo")
    parser.add_argument("--accounts", type=int, default=1)
    parser.add_argument("--regions", type=int, default=1, help="regions enabled in every account")
    parser.add_argument("--apis", type=int, default=100, help="REST APIs per account-region")
    parser.add_argument("--stages", type=int, default=2, help="stages per REST API")
    parser.add_argument("--certificates", type=int, default=10, help="client certificates per account-region")
    parser.add_argument("--share-of-empty", type=float, default=0.0, help="account-regions that hold nothing")
    parser.add_argument("--seed", default="scaled")
    parser.add_argument("--quota", action="store_true", help="enforce API Gateway's control-plane quota")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="hold every answer back so long")
    return parser


if __name__ == "__main__":
    main()
