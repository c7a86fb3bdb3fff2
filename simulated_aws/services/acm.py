"""AWS Certificate Manager: DescribeCertificate (JSON 1.1)."""

from __future__ import annotations

import re

import orjson

from simulated_aws.services.calls import Answer, Caller, Route, World, json_parameters
from simulated_aws.services.errors import AwsError, not_simulated

_ARN = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+")


def read_route(target: str, body: bytes) -> Route:
    """Recognise a request by its X-Amz-Target header."""
    if target != "CertificateManager.DescribeCertificate":
        raise not_simulated(f"{target or 'a request without X-Amz-Target'} of acm")
    given = json_parameters("acm", "DescribeCertificate", body, ["CertificateArn"])
    arn = given.get("CertificateArn")
    if not isinstance(arn, str):
        raise AwsError(400, "ValidationException", "CertificateArn must not be null.")
    return Route("DescribeCertificate", given, arn, "acm:DescribeCertificate", arn)


def answer(world: World, caller: Caller, route: Route) -> Answer:
    """Answer from the certificates of the caller's account in the region of the request."""
    arn = route.parameters["CertificateArn"]
    if not _ARN.fullmatch(arn):
        raise AwsError(400, "InvalidArnException", f"The certificate ARN {arn} is not valid.")
    place = world.estate.region(caller.account.account_id, caller.region)
    found = place.acm_certificates.get(arn)
    if found is None:
        raise AwsError(400, "ResourceNotFoundException", f"Could not find certificate {arn}.")
    return Answer(orjson.dumps({"Certificate": found.wire()}))
