"""A call that is not simulated is refused, never answered."""

from __future__ import annotations

import http.client
import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulated_aws import AccountRegion, SimulatedAws


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("apigateway", "get_api_keys", {}),
        ("apigateway", "get_domain_name_access_associations", {}),
        ("apigateway", "get_domain_names", {"resourceOwner": "OTHER_ACCOUNTS"}),
        ("apigateway", "get_usage_plans", {"keyId": "x"}),
        ("apigatewayv2", "get_authorizers", {"ApiId": "x"}),
        ("apigatewayv2", "delete_api", {"ApiId": "x"}),
        ("organizations", "list_tags_for_resource", {"ResourceId": "r-abcd"}),
        ("apigateway", "create_rest_api", {"name": "x"}),
        ("apigateway", "delete_client_certificate", {"clientCertificateId": "x"}),
        ("apigateway", "get_authorizers", {"restApiId": "x"}),
        ("apigateway", "get_method", {"restApiId": "x", "resourceId": "y", "httpMethod": "GET"}),
        ("apigateway", "get_export", {"restApiId": "x", "stageName": "y", "exportType": "swagger"}),
        ("apigateway", "get_export", {"restApiId": "x", "stageName": "y", "exportType": "oas30"}),
        (
            "apigateway",
            "get_export",
            {
                "restApiId": "x",
                "stageName": "y",
                "exportType": "oas30",
                "accepts": "application/yaml",
                "parameters": {"extensions": "apigateway"},
            },
        ),
        ("acm", "list_certificates", {}),
        ("sts", "get_session_token", {}),
        ("sts", "assume_role", {"RoleArn": "arn:aws:iam::1:role/x", "RoleSessionName": "xy", "Policy": "{}"}),
        ("organizations", "list_roots", {}),
        ("ec2", "describe_vpcs", {}),
        ("ec2", "describe_regions", {"DryRun": True}),
        ("account", "get_contact_information", {}),
        ("sqs", "list_queues", {}),
    ],
)
def test_a_call_it_does_not_know_is_501(
    client: Any, service: str, call: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(service), call)(**arguments)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "NotImplemented" in str(caught.value) or service == "sqs"


def test_a_query_parameter_it_does_not_know_is_501(client: Any, aws: SimulatedAws) -> None:
    key = aws.environment("111111111111")["AWS_ACCESS_KEY_ID"]
    signed = f"AWS4-HMAC-SHA256 Credential={key}/20261101/eu-west-1/apigateway/aws4_request, Signature=0"

    assert _get(aws, "/restapis?sort=name", {"Authorization": signed}) == 501
    assert _get(aws, "/restapis?limit=5&limit=6", {"Authorization": signed}) == 501
    assert _get(aws, "/restapis?limit=5", {"Authorization": signed}) == 200


def test_a_request_without_signature_is_refused(aws: SimulatedAws) -> None:
    assert _get(aws, "/restapis", {}) == 403
    assert _get(aws, "/restapis", {"Authorization": "Basic eDp5"}) == 403


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"NONSENSE\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"HTTP/1.1 413 "),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 501 "),
    ],
)
def test_bytes_that_are_no_request_end_the_connection(
    aws: SimulatedAws, sent: bytes, answered: bytes
) -> None:
    assert _talk(aws, sent).startswith(answered)


def test_requests_that_arrive_in_pieces_or_together_are_all_answered(
    aws: SimulatedAws, place: AccountRegion
) -> None:
    place.add_api("orders")
    key = aws.environment("111111111111")["AWS_ACCESS_KEY_ID"]
    signed = f"Authorization: AWS4-HMAC-SHA256 Credential={key}/1/eu-west-1/apigateway/aws4_request\r\n"
    one = f"GET /restapis HTTP/1.1\r\n{signed}\r\n".encode()
    broken = b"NONSENSE\r\n\r\n"

    assert _talk(aws, one + one + broken).count(b"HTTP/1.1 200 OK") == 2
    assert _talk(aws, one[:30], one[30:] + one[:-2], one[-2:] + broken).count(b"HTTP/1.1 200 OK") == 2


def _get(aws: SimulatedAws, target: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection(aws.endpoint_url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", target, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _talk(aws: SimulatedAws, *pieces: bytes) -> bytes:
    port = int(aws.endpoint_url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            line.sendall(piece)
        received = b""
        while more := line.recv(65536):
            received += more
        return received
