"""The regions of each AWS partition, and which of them an account has to opt in to."""

from __future__ import annotations

DEFAULT_REGIONS: dict[str, tuple[str, ...]] = {
    "aws": (
        "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ap-south-1", "ap-northeast-1", "ap-northeast-2",
        "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1",
        "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
    ),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
}  # fmt: skip
"""Regions that every account of the partition starts with."""

OPT_IN_REGIONS: dict[str, tuple[str, ...]] = {
    "aws": (
        "af-south-1", "ap-east-1", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ca-west-1",
        "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1",
        "mx-central-1",
    ),
    "aws-cn": (),
    "aws-us-gov": (),
}  # fmt: skip
"""Regions that an account must enable on its own (AWS: Account Management, "Enable or disable Regions")."""

DNS_SUFFIX = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}


def regions_of(partition: str) -> tuple[str, ...]:
    """Return every region of a partition, those enabled by default first."""
    return DEFAULT_REGIONS[partition] + OPT_IN_REGIONS[partition]


def home_region(partition: str) -> str:
    """Return the region whose STS and EC2 endpoints no account can switch off."""
    return DEFAULT_REGIONS[partition][0]


def needs_opt_in(partition: str, region: str) -> bool:
    """Return whether a region is off until the account enables it."""
    return region in OPT_IN_REGIONS[partition]
