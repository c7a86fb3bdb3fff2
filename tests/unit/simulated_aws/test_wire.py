"""What boto3 reads from the simulated AWS is what the estate holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509

from simulated_aws import AccountRegion, Estate, SimulatedAws

REGION, MANAGEMENT, MEMBER = "eu-west-1", "111111111111", "222222222222"


def test_a_stage_shows_every_field_it_was_given(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders", endpoint_types=("PRIVATE",), tags={"team": "a"}, description="what it is")
    certificate = place.create_certificate("backends")
    stage = place.add_stage(
        api.id, "prod", certificate_id=certificate.id, variables={"a": "b"}, tracingEnabled=True
    )

    listed = gateway.get_rest_apis(limit=500)["items"]
    (read,) = gateway.get_stages(restApiId=api.id)["item"]

    assert [(each["id"], each["name"], each["tags"]) for each in listed] == [
        (api.id, "orders", {"team": "a"})
    ]
    assert listed[0]["endpointConfiguration"]["types"] == ["PRIVATE"]
    assert gateway.get_rest_api(restApiId=api.id)["description"] == "what it is"
    assert read["deploymentId"] == stage.deployment_id
    assert read["clientCertificateId"] == certificate.id
    assert read["variables"] == {"a": "b"}
    assert read["tracingEnabled"] is True
    assert read["createdDate"] == datetime(2026, 11, 1, 2, tzinfo=UTC)


def test_an_absent_certificate_field_is_absent_and_a_blank_one_blank(
    gateway: Any, place: AccountRegion
) -> None:
    api = place.add_api("orders")
    place.add_stage(api.id, "absent")
    place.add_stage(api.id, "blank", certificate_id="")

    read = {each["stageName"]: each for each in gateway.get_stages(restApiId=api.id)["item"]}

    assert "clientCertificateId" not in read["absent"]
    assert read["blank"]["clientCertificateId"] == ""


def test_stages_can_be_asked_for_by_deployment(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders")
    place.add_stage(api.id, "old", deployment_id="aaaaaa")
    place.add_stage(api.id, "new", deployment_id="bbbbbb")

    read = gateway.get_stages(restApiId=api.id, deploymentId="bbbbbb")["item"]

    assert [each["stageName"] for each in read] == ["new"]


def test_methods_come_only_when_embedded(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders", integrations=("HTTP", "AWS_PROXY", None))

    plain = gateway.get_resources(restApiId=api.id)["items"]
    embedded = gateway.get_resources(restApiId=api.id, embed=["methods"])["items"]

    assert all(method == {} for each in plain for method in each.get("resourceMethods", {}).values())
    methods = [m for each in embedded for m in each.get("resourceMethods", {}).values()]
    kinds = [m["methodIntegration"]["type"] for m in methods if "methodIntegration" in m]
    assert sorted(kinds) == ["AWS_PROXY", "HTTP"]
    assert len(methods) == 3
    assert [each["path"] for each in embedded if "parentId" not in each] == ["/"]


def test_a_client_certificate_is_a_real_one_valid_for_a_year(gateway: Any, place: AccountRegion) -> None:
    made = place.create_certificate("backends", tags={"owner": "x"})

    (listed,) = gateway.get_client_certificates()["items"]
    alone = gateway.get_client_certificate(clientCertificateId=made.id)

    parsed = x509.load_pem_x509_certificate(listed["pemEncodedCertificate"].encode())
    assert parsed.not_valid_after_utc == listed["expirationDate"]
    assert listed["expirationDate"] - listed["createdDate"] == timedelta(days=365)
    assert listed["tags"] == {"owner": "x"}
    assert listed == {key: value for key, value in alone.items() if key != "ResponseMetadata"}


def test_acm_describes_a_certificate_until_it_is_deleted(client: Any, place: AccountRegion) -> None:
    made = place.add_acm_certificate("x.example.com", not_after=datetime(2027, 3, 1, tzinfo=UTC))
    acm = client("acm")

    read = acm.describe_certificate(CertificateArn=made.arn)["Certificate"]

    assert (read["Status"], read["DomainName"]) == ("ISSUED", "x.example.com")
    assert read["NotAfter"] == datetime(2027, 3, 1, tzinfo=UTC)
    place.delete_acm_certificate(made.arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        acm.describe_certificate(CertificateArn=made.arn)
    place.restore_acm_certificate(made.arn)
    assert acm.describe_certificate(CertificateArn=made.arn)["Certificate"]["Serial"] == read["Serial"]


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("get_rest_api", {"restApiId": "nothere123"}),
        ("get_stages", {"restApiId": "nothere123"}),
        ("get_resources", {"restApiId": "nothere123"}),
        ("get_client_certificate", {"clientCertificateId": "nothere"}),
    ],
)
def test_an_unknown_id_is_not_found(gateway: Any, call: str, arguments: dict[str, str]) -> None:
    with pytest.raises(gateway.exceptions.NotFoundException) as caught:
        getattr(gateway, call)(**arguments)

    metadata = caught.value.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 404
    assert metadata["HTTPHeaders"]["x-amzn-errortype"] == "NotFoundException"


def test_a_change_is_seen_by_the_next_call(gateway: Any, place: AccountRegion, estate: Estate) -> None:
    api = place.add_api("orders", integrations=("AWS_PROXY",))
    place.add_stage(api.id, "prod")
    (before,) = gateway.get_stages(restApiId=api.id)["item"]
    estate.now = estate.now + timedelta(days=1)

    place.attach_certificate(api.id, "prod", "abc123")
    place.set_integrations(api.id, ["HTTP_PROXY"])

    (after,) = gateway.get_stages(restApiId=api.id)["item"]
    assert after["clientCertificateId"] == "abc123"
    assert after["deploymentId"] != before["deploymentId"]
    assert after["lastUpdatedDate"] - before["lastUpdatedDate"] == timedelta(days=1)
    place.delete_stage(api.id, "prod")
    assert gateway.get_stages(restApiId=api.id)["item"] == []
    place.restore_stage(api.id, "prod")
    assert gateway.get_stages(restApiId=api.id)["item"] == [after]
    place.delete_api(api.id)
    assert gateway.get_rest_apis()["items"] == []
    place.restore_api(api.id)
    assert gateway.get_stages(restApiId=api.id)["item"] == [after]


def test_the_organization_lists_its_accounts_twenty_a_page(client: Any, estate: Estate) -> None:
    for number in range(43):
        estate.add_account(f"{300000000000 + number}", f"member {number}")
    estate.set_status("300000000001", "SUSPENDED")
    estate.set_status("300000000002", "CLOSED")
    estate.leave_organization("300000000003")
    organizations = client("organizations")

    pages = list(organizations.get_paginator("list_accounts").paginate())

    listed = {each["Id"]: each for page in pages for each in page["Accounts"]}
    assert [len(page["Accounts"]) for page in pages] == [20, 20, 4]
    assert listed["300000000001"]["Status"] == listed["300000000002"]["Status"] == "SUSPENDED"
    assert listed["300000000002"]["State"] == "CLOSED"
    assert "300000000003" not in listed
    assert organizations.describe_organization()["Organization"]["MasterAccountId"] == MANAGEMENT


def test_only_the_management_account_lists_accounts(client: Any, estate: Estate) -> None:
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client("organizations", account=MEMBER).list_accounts()
    estate.leave_organization(MEMBER)
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        client("organizations", account=MEMBER).describe_organization()


def test_regions_say_whether_they_are_enabled(client: Any, estate: Estate) -> None:
    estate.enable_region(MANAGEMENT, "eu-south-1")
    estate.disable_region(MANAGEMENT, "sa-east-1")
    ec2, account = client("ec2"), client("account")

    enabled = {each["RegionName"]: each["OptInStatus"] for each in ec2.describe_regions()["Regions"]}
    everything = ec2.describe_regions(AllRegions=True)["Regions"]
    wanted = ["ENABLED", "ENABLED_BY_DEFAULT"]
    listed = [
        each["RegionName"]
        for page in account.get_paginator("list_regions").paginate(
            RegionOptStatusContains=wanted, PaginationConfig={"PageSize": 5}
        )
        for each in page["Regions"]
    ]

    assert enabled["eu-south-1"] == "opted-in"
    assert enabled[REGION] == "opt-in-not-required"
    assert "sa-east-1" not in enabled
    assert len(everything) == 30
    assert sorted(listed) == sorted(enabled)


def test_other_partitions_have_their_own_regions_and_arns(
    client: Any, estate: Estate, aws: SimulatedAws
) -> None:
    estate.add_account("444444444444", "China", partition="aws-cn")
    estate.add_account("555555555555", "Government", partition="aws-us-gov")

    china = client("sts", account="444444444444", region="cn-north-1").get_caller_identity()["Arn"]
    gov = client("ec2", account="555555555555", region="us-gov-west-1").describe_regions()["Regions"]

    assert china.startswith("arn:aws-cn:iam::444444444444:")
    assert {each["RegionName"] for each in gov} == {"us-gov-west-1", "us-gov-east-1"}
    assert aws.environment("444444444444")["AWS_REGION"] == "cn-north-1"
