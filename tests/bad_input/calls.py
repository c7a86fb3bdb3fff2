"""Right calls of every command, to be spoiled."""

from __future__ import annotations

ARN = "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"
#: What a command cannot be called without.
NEEDED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("history",): (ARN,),
    ("explain",): (ARN,),
    ("report",): ("--out", "report"),
    ("export",): ("--format", "csv"),
    ("prune",): ("--keep", "400d"),
    ("accounts", "retire"): ("111122223333", "--yes"),
    ("policies", "show"): ("rest-api-stage-ssl-certificate",),
    ("items", "show"): ("stage",),
    ("exceptions", "apply"): ("exceptions.yaml",),
    ("exceptions", "add"): (
        "billing-legacy",
        *("--policy", "*ssl-certificate", "--reason", "Switched off.", "--owner", "billing"),
        *("--until", "2027-03-31", "--account", "111122223333"),
    ),
    ("exceptions", "end"): ("billing-legacy",),
    ("exceptions", "show"): ("billing-legacy",),
    ("db", "roles"): ("--service", "gateledger_service", "--apply"),
    ("db", "dump"): ("x.dump",),
    ("db", "restore"): ("/dev/null",),
}
