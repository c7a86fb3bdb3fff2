"""Pages of API Gateway's listings: 25 by default, 500 at most, whole whatever changes in between."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulated_aws import AccountRegion


def test_a_page_holds_25_unless_asked_for_more(gateway: Any, place: AccountRegion) -> None:
    for number in range(60):
        place.add_api(f"api {number}")
        place.create_certificate(f"certificate {number}")

    for listing in ("get_rest_apis", "get_client_certificates"):
        pages = list(gateway.get_paginator(listing).paginate())
        assert [len(page["items"]) for page in pages] == [25, 25, 10]
        assert "position" not in pages[-1]
        assert len(getattr(gateway, listing)(limit=500)["items"]) == 60


def test_every_item_is_on_one_page_only(gateway: Any, place: AccountRegion) -> None:
    made = {place.add_api(f"api {number}").id for number in range(37)}

    pages = gateway.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 5})

    read = [each["id"] for page in pages for each in page["items"]]
    assert len(read) == len(made)
    assert set(read) == made


def test_a_full_last_page_has_no_successor(gateway: Any, place: AccountRegion) -> None:
    for number in range(10):
        place.add_api(f"api {number}")

    assert "position" not in gateway.get_rest_apis(limit=10)
    assert "position" in gateway.get_rest_apis(limit=9)


def test_a_deletion_between_two_pages_hides_nothing(gateway: Any, place: AccountRegion) -> None:
    made = sorted(place.add_api(f"api {number}").id for number in range(10))
    first = gateway.get_rest_apis(limit=5)

    place.delete_api(made[0])

    second = gateway.get_rest_apis(limit=5, position=first["position"])
    assert [each["id"] for each in second["items"]] == made[5:]


def test_resources_are_paged_too(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("big", integrations=["HTTP_PROXY"] * 59)

    pages = list(gateway.get_paginator("get_resources").paginate(restApiId=api.id, embed=["methods"]))

    assert [len(page["items"]) for page in pages] == [25, 25, 10]


@pytest.mark.parametrize(
    "arguments", [{"limit": 0}, {"limit": 501}, {"position": "made-up"}, {"position": "MTp4"}]
)
def test_a_limit_or_position_that_cannot_be_is_refused(gateway: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        gateway.get_rest_apis(**arguments)

    assert caught.value.response["Error"]["Code"] == "BadRequestException"
