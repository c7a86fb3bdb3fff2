"""The relations that a policy's ``logic.sql`` may read: the one place that names their columns and types.

The engine offers each as a common table expression with exactly these columns, for tonight or for any past
time; the catalog checks every policy against them; case runners build the same relations from a case's rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Columns = tuple[tuple[str, str], ...]
"""Columns in order, each with its PostgreSQL type."""

OFFERED: Final[Mapping[str, Columns]] = MappingProxyType(
    {
        # One row per stage ever seen by then; disappeared_at is set once it is gone from a complete listing.
        # read_at: when its API's stages were last read; certificate_named_at: since when it names the
        # certificate it names now (null: it names none).
        "stage": (
            ("stage_id", "bigint"),
            ("version_id", "bigint"),
            ("account_region_id", "integer"),
            ("rest_api_key", "bigint"),
            ("stage_name", "text"),
            ("deployment_id", "text"),
            ("client_certificate_id", "text"),
            ("certificate_named_at", "timestamptz"),
            ("disappeared_at", "timestamptz"),
            ("read_at", "timestamptz"),
            ("is_fresh", "boolean"),
        ),
        # One row per REST API. is_private: its endpoint type is PRIVATE and nothing else.
        "rest_api": (
            ("rest_api_key", "bigint"),
            ("version_id", "bigint"),
            ("account_region_id", "integer"),
            ("rest_api_id", "text"),
            ("name", "text"),
            ("is_private", "boolean"),
        ),
        # One row per REST API whose methods were ever read. has_http: a method integrates with HTTP or
        # HTTP_PROXY; types: all integration types of its methods.
        "integration": (
            ("rest_api_key", "bigint"),
            ("version_id", "bigint"),
            ("has_http", "boolean"),
            ("types", "text[]"),
        ),
        # One row per certificate ever seen, or proven not to exist (absent_since set). read_at: when its
        # existence was last looked at. expires_at null: no expiry is known.
        "certificate": (
            ("account_region_id", "integer"),
            ("certificate_id", "text"),
            ("kind", "text"),
            ("version_id", "bigint"),
            ("created_at", "timestamptz"),
            ("expires_at", "timestamptz"),
            ("absent_since", "timestamptz"),
            ("read_at", "timestamptz"),
            ("is_fresh", "boolean"),
        ),
        # One row per account, region and item type.
        "scope": (
            ("account_region_id", "integer"),
            ("item_type", "text"),
            ("status", "text"),
            ("read_at", "timestamptz"),
            ("is_fresh", "boolean"),
        ),
    }
)
"""Relation name -> its columns. ``is_fresh``: read within ``max_staleness`` of ``:as_of``; never null."""

VERDICT: Final[Columns] = (
    ("stage_id", "bigint"),
    ("account_region_id", "integer"),
    ("condition", "text"),
    ("stage_version", "bigint"),
    ("rest_api_version", "bigint"),
    ("integration_version", "bigint"),
    ("certificate_version", "bigint"),
)
"""What ``logic.sql`` has to return; the versions are the evidence that the condition used, null: not used."""

RECHECK: Final[tuple[str, str]] = ("recheck_at", "timestamptz")
"""Optional last column: when time alone could change the verdict (null: never; staleness not counted)."""

AS_OF: Final = "as_of"
"""The parameter that every policy has: the time of the inventory that is judged (timestamptz)."""
