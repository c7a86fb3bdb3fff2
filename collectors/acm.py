"""Reading ACM: the certificates that stages name by ARN."""

from __future__ import annotations

import re

from cmdb.snapshot import AccountKey, Failure, FailureKind, Item
from collectors import normalise
from collectors.calls import Caller
from collectors.errors import ReadFailure
from collectors.values import Hasher

_ARN = re.compile(r"arn:(?P<partition>[^:]+):acm:(?P<region>[^:]*):(?P<account>[^:]*):.+", re.DOTALL)
_OPERATION = "DescribeCertificate"


def is_acm(certificate_id: str) -> bool:
    """Return whether an id that a stage names is the ARN of a certificate of ACM."""
    return _ARN.fullmatch(certificate_id) is not None


def describe_certificate(
    caller: Caller, hasher: Hasher, account: AccountKey, region: str, arn: str
) -> Item | None:
    """Return a certificate of ACM, or None when ACM says that there is none.

    API Gateway takes certificates of its own account and region only; of any other, a NotFound would prove
    nothing, so it is not requested. Raises ``ReadFailure``.
    """
    match = _ARN.fullmatch(arn)
    where = (account.partition, region, account.account_id)
    if match is None or match.group("partition", "region", "account") != where:
        raise ReadFailure(
            Failure(
                FailureKind.MALFORMED,
                _OPERATION,
                "The certificate's ARN lies outside the stage's account and region and cannot be looked up.",
            )
        )
    answer = caller.look_up("acm", _OPERATION, {"CertificateArn": arn}, expect="Certificate")
    if answer is None:
        return None
    return normalise.acm_certificate(arn, answer["Certificate"], hasher)
