"""Writing the report of a year: a million stages, 365 nights, filled in by SQL."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from benchmarks.frame import Case, Result
from benchmarks.world import World
from cmdb.server.database import transaction
from evaluator.catalog.loading import load_catalog
from evaluator.judging.registry import register

STAGES_PER_REGION = 500
SECONDS = 60.0
MEBIBYTES = 300.0
SITE_MEBIBYTES = 40.0
#: A process of its own, so that its peak of memory is the report's alone; "ru_maxrss" would begin with the
#: peak of the process that started it.
_WRITE = """
import json, re, sys
from pathlib import Path
from cmdb.server.database import open_engine
from evaluator.catalog.loading import load_catalog
from gateledger.report.build import write_report
catalog = load_catalog()
written = write_report(
    open_engine(sys.argv[1]), catalog.policies, Path(sys.argv[2]), frameworks=catalog.frameworks
)
peak = int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"seconds": written.seconds, "bytes": written.size, "peak": peak}))
"""


def report(world: World) -> Sequence[Result]:
    """Time, peak of memory and size of the site."""
    world.close()
    _fill(world)
    world.settle()
    url = world.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with tempfile.TemporaryDirectory(prefix="gl-bench-report-") as folder:
        done = subprocess.run(
            [sys.executable, "-c", _WRITE, url, str(Path(folder) / "site")],
            check=True,
            capture_output=True,
            text=True,
        )
    told = json.loads(done.stdout)
    world.close()
    stages = world.stages
    return [
        Result("report", world.server, stages, None, told["seconds"], None, SECONDS, driver=stages),
        Result("report_memory", world.server, stages, None, told["peak"], None, MEBIBYTES, unit="MiB",
               driver=stages),
        Result("report_site", world.server, stages, None, told["bytes"] / 2**20, None, SITE_MEBIBYTES,
               unit="MiB", driver=stages),
    ]  # fmt: skip


def _fill(world: World) -> None:
    script = resources.files("benchmarks").joinpath("sql/report_year.sql").read_text(encoding="utf-8")
    regions = max(10, world.stages // STAGES_PER_REGION)
    with transaction(world.engine) as connection:
        row = connection.execute("SELECT timestamptz '2025-11-24 02:00Z'").fetchone()
        assert row is not None
        with connection.cursor() as cursor:
            for policy in load_catalog().policies:
                register(cursor, policy, {}, row[0])
        connection.execute(script.format(stages=world.stages, regions=regions).encode())


CASES = (Case("report", report, order=80),)
