"""Commands that put a stage right, filled in and quoted, ready to paste into a POSIX shell.

Names come from AWS accounts and may hold anything: values are quoted, and what stands in a comment is kept
on its line.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateledger.terminal.console import iso
from gateledger.terminal.logs import one_line
from gateledger.terminal.shell import is_opened

PEM = "client-certificate.pem"


@dataclass(frozen=True, slots=True)
class Target:
    """A stage, and the certificate that it names now."""

    account_id: str
    account_name: str | None
    region: str
    rest_api_id: str
    stage_name: str
    certificate_id: str | None = None
    certificate_kind: str | None = None
    """API_GATEWAY or ACM; None: no certificate is known by that id."""
    expires_at: datetime | None = None
    stages_using: int = 0
    is_websocket: bool = False
    """Whether it is a stage of a WebSocket API, whose id ``rest_api_id`` then is."""


def new_certificate(target: Target) -> list[str]:
    """Return commands that give the stage a certificate of its own, the backend's side first."""
    if any(is_opened(value) for value in (target.rest_api_id, target.stage_name)):
        return [
            *_heading(target),
            "# The stage's name begins like an address, which the AWS CLI would open: use the console.",
        ]
    return [
        *_heading(target),
        "# 1. Generate a client certificate.",
        "CERTIFICATE_ID="
        + '"$('
        + _aws(
            "apigateway",
            "generate-client-certificate",
            region=target.region,
            description=f"Backend authentication of {target.rest_api_id}/{target.stage_name}",
            query="clientCertificateId",
            output="text",
        )
        + ')"',
        "# 2. Fetch its PEM (the public part).",
        _aws("apigateway", "get-client-certificate", region=target.region)
        + ' --client-certificate-id "$CERTIFICATE_ID"'
        + f" --query pemEncodedCertificate --output text > {PEM}",
        f"# 3. Let the backend's HTTPS server trust {PEM} for client certificates (nginx:",
        "#    ssl_client_certificate and ssl_verify_client; Apache httpd: SSLCACertificateFile and",
        "#    SSLVerifyClient); demand it only after step 4.",
        "# 4. Attach it to the stage.",
        _of_stage(target, "update-stage") + _ATTACHED[target.is_websocket],
        "# 5. Deploy the API to the stage again: AWS's texts disagree on whether the stage presents the",
        "#    certificate without it. A deployment takes the API's draft along: compare it before.",
        _of_stage(target, "create-deployment"),
    ]


def rotation(target: Target, *, exists: bool) -> list[str]:
    """Return what is to be done when the certificate ends; ``exists``: whether the named one is there."""
    if target.certificate_id is None or not exists:
        return [
            "# 6. The certificate is valid for 365 days: before it ends, do 1 to 5 with a new one while the",
            "#    backend trusts both.",
        ]
    ends = "an unknown day" if target.expires_at is None else iso(target.expires_at)
    if target.certificate_kind == "ACM":
        return [
            *_heading(target),
            f"# The certificate ends on {ends}. Let the backend trust the next one too; the stage goes on",
            "# naming the same ARN. Renew one of a private CA, or import the next one in its place:",
            _aws(
                "acm", "renew-certificate", region=target.region, **{"certificate-arn": target.certificate_id}
            ),
            _aws(
                "acm",
                "import-certificate",
                region=target.region,
                **{"certificate-arn": target.certificate_id},
            )
            + " --certificate fileb://certificate.pem --private-key fileb://private-key.pem",
        ]
    lines = [
        f"# The certificate ends on {ends}. Before that give the stage a new one while the backend trusts",
        "# both, then take the old one out of the backend and, once no stage names it, delete it:",
        *new_certificate(target),
    ]
    others = target.stages_using - 1
    if others > 0:
        stages = "stage names" if others == 1 else "stages name"
        lines.append(
            f"# 6. {others:,} more {stages} the old certificate: attach the new one there too. Then:"
        )
    else:
        lines.append("# 6. No other stage names the old certificate:")
    lines.append(
        _aws(
            "apigateway",
            "delete-client-certificate",
            region=target.region,
            **{"client-certificate-id": target.certificate_id},
        )
    )
    return lines


#: What attaches the certificate, of a REST API and of a WebSocket API.
_ATTACHED = (
    ' --patch-operations op=replace,path=/clientCertificateId,value="$CERTIFICATE_ID"',
    ' --client-certificate-id "$CERTIFICATE_ID"',
)


def _of_stage(target: Target, operation: str) -> str:
    """Return a call about the stage, of the API Gateway that knows it."""
    service, api = ("apigatewayv2", "api-id") if target.is_websocket else ("apigateway", "rest-api-id")
    return _aws(
        service,
        operation,
        region=target.region,
        **{api: target.rest_api_id, "stage-name": target.stage_name},
    )


def _heading(target: Target) -> list[str]:
    name = f" ({one_line(target.account_name)})" if target.account_name else ""
    return [f"# With credentials of account {target.account_id}{name}:"]


def _aws(service: str, operation: str, **options: str) -> str:
    """Return a call of the AWS CLI; values are joined to their options so that none is read as an option."""
    words: Sequence[str] = (
        "aws",
        service,
        operation,
        *(f"--{name}={value}" for name, value in options.items()),
    )
    return shlex.join(words)
