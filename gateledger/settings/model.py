"""Settings: environment ``GATELEDGER_*`` first, then ``gateledger.toml``, then defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from cmdb.errors import SettingsError, shown
from gateledger.settings import values
from gateledger.settings.hash_key import kept_key
from gateledger.settings.parameters import policy_parameters as read_parameters

PREFIX = "GATELEDGER_"
SYSTEM_DATA_DIR = Path("/var/lib/gateledger")

ParameterValue = bool | int | float | str
Names = Annotated[tuple[str, ...], NoDecode]


def default_data_dir() -> Path:
    """Return where data goes unless told: a system directory for root, else the user's own."""
    if os.name == "posix" and os.geteuid() == 0:
        return SYSTEM_DATA_DIR
    return platformdirs.user_data_path("gateledger", appauthor=False)


class Settings(BaseSettings):
    """All settings; made by ``gateledger.settings_load.load_settings``, which words every mistake."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, validate_default=False
    )

    database_url: Annotated[SecretStr | None, BeforeValidator(values.database_url)] = Field(
        None,
        description="PostgreSQL 15 or newer, postgresql://user:password@host:5432/database or another of "
        "libpq's forms. Unset: an embedded PostgreSQL in the data directory.",
    )
    data_dir: Annotated[Path, BeforeValidator(values.path)] = Field(
        default_factory=default_data_dir,
        description="Directory of the embedded database and of files the program keeps. Unset: the user's "
        "data directory, as root /var/lib/gateledger.",
    )
    accounts: Annotated[
        Literal["self", "organization"] | tuple[str, ...], NoDecode, BeforeValidator(values.accounts)
    ] = Field("self", description="Accounts to collect: self, organization, or a comma list of 12-digit ids.")
    role_name: Annotated[str | None, BeforeValidator(values.role_name)] = Field(
        None, description="Role assumed in every account but the caller's own."
    )
    external_id: Annotated[str | None, BeforeValidator(values.external_id)] = Field(
        None, repr=False, description="External id given when the role is assumed."
    )
    regions: Annotated[Literal["enabled"] | tuple[str, ...], NoDecode, BeforeValidator(values.regions)] = (
        Field("enabled", description="Regions to collect: enabled, or a comma list.")
    )
    exclude: Annotated[Names, BeforeValidator(values.account_patterns)] = Field(
        (),
        description="Accounts and regions left out on purpose: a comma list such as "
        "111122223333,*/us-*,444455556666/eu-west-1.",
    )
    accept_denied: Annotated[Names, BeforeValidator(values.account_patterns)] = Field(
        (),
        description="Accounts and regions where a denial is known and no failure: a comma list of the same "
        "patterns. They are asked every night all the same.",
    )
    quota_share: Annotated[float, BeforeValidator(values.quota_share)] = Field(
        0.8,
        description="The part of API Gateway's request quota to take, burst included (over 0, up to 1); the "
        "rest is left to deployments.",
    )
    schedule: Annotated[str, BeforeValidator(values.schedule)] = Field(
        "0 2 * * *", description="When the nightly job runs (cron: minute hour day month weekday)."
    )
    timezone: Annotated[str, BeforeValidator(values.timezone)] = Field(
        "UTC", description="Time zone of the schedule, by its IANA name."
    )
    max_staleness: Annotated[timedelta, BeforeValidator(values.duration)] = Field(
        timedelta(hours=72),
        description="How old a reading may be before verdicts that rest on it become UNDETERMINED.",
    )
    methods_max_age: Annotated[timedelta, BeforeValidator(values.duration)] = Field(
        timedelta(days=7), description="Without effect since deployments are read, which never change."
    )
    statement_timeout: Annotated[timedelta, BeforeValidator(values.statement_timeout)] = Field(
        timedelta(minutes=30), description="How long one statement of a policy may take in the database."
    )
    backfill: Annotated[timedelta | None, BeforeValidator(values.time_to_spend)] = Field(
        values.SPENT_BY_DEFAULT,
        description="How long a nightly run may spend, after all else, on judging the past nights of policies "
        "that are new: a duration, on (1h) or off.",
    )
    keep: Annotated[timedelta | None, BeforeValidator(values.duration)] = Field(
        None,
        description="How much history the nightly job keeps; what ended before is dropped. Unset: all of it.",
    )
    keep_counts: Annotated[timedelta | None, BeforeValidator(values.duration)] = Field(
        None, description="How long daily counts are kept, when longer than the rest. Unset: as long."
    )
    policies: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(values.policies)] = Field(
        None,
        description="Policies that are enabled: a comma list of ids, last parts of ids, or patterns (* and ?). "
        "Unset: all but those whose policy.yaml says `default: off`.",
    )
    item_types: Annotated[tuple[str, ...], NoDecode, BeforeValidator(values.item_types)] = Field(
        (),
        description="Item types that are read although no enabled policy needs them (comma list, * for all), "
        "for their history.",
    )
    exception_max: Annotated[timedelta, BeforeValidator(values.duration)] = Field(
        timedelta(days=366), description="How long an exception may be in force at most."
    )
    policy_dirs: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(values.directories)] = Field(
        (), description="Directories with policies of your own (comma list)."
    )
    policy_parameters: Annotated[
        dict[str, dict[str, ParameterValue]], NoDecode, BeforeValidator(read_parameters)
    ] = Field(
        default_factory=dict,
        description='Parameters of policies: a table [policy_parameters."<policy id>"] in the file, or JSON.',
    )
    report_dir: Annotated[Path | None, BeforeValidator(values.path)] = Field(
        None, description="Directory where every nightly run writes its report. Unset: none is written."
    )
    log_format: Annotated[Literal["text", "json"], BeforeValidator(values.log_format)] = Field(
        "text", description="Form of log lines on stderr: text or json."
    )
    threads: Annotated[int, BeforeValidator(values.threads)] = Field(
        16, description="Account-regions read side by side (1 to 256)."
    )
    notify: Annotated[SecretStr | None, BeforeValidator(values.notify)] = Field(
        None,
        description="Where a run reports what changed: a comma list of Apprise addresses "
        "(slack://..., mailto://..., json://host/path). Unset: nowhere.",
    )
    workers: Annotated[bool, BeforeValidator(values.yes_or_no)] = Field(
        False, description="Whether runs hand their account-regions to `gateledger worker` processes."
    )
    deadline: Annotated[timedelta, BeforeValidator(values.duration)] = Field(
        timedelta(hours=6), description="How long a run waits for its workers at most."
    )
    hash_key: Annotated[SecretStr | None, BeforeValidator(values.hash_key)] = Field(
        None,
        description="Key with which values of stage variables are hashed (16 characters or more). Unset: a "
        "random key, made once and kept in the data directory.",
    )
    sensitive_tags: Annotated[Names, BeforeValidator(values.names)] = Field(
        (), description="Tags whose values are kept only as keyed hashes (comma list of tag keys)."
    )

    owner_tags: Annotated[Names, BeforeValidator(values.tag_keys)] = Field(
        (),
        description="Tags that name the owner of an item: a comma list of tag keys, looked for on the item, "
        "then on its API, then on its account. Unset: tags name no owners.",
    )
    owners: Annotated[Path | None, BeforeValidator(values.path)] = Field(
        None,
        description="YAML file that maps items to owners, before tags do, and owners to the addresses of "
        "their messages. Unset: there is none.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic-settings calls it by these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose content arrives as arguments."""
        return env_settings, init_settings

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of the schedule."""
        return ZoneInfo(self.timezone)

    def check_collection(self) -> None:
        """Raise ``SettingsError`` when the settings cannot serve a collection as they are together."""
        if self.accounts == "organization" and self.role_name is None:
            raise SettingsError(
                "GATELEDGER_ACCOUNTS is organization, and GATELEDGER_ROLE_NAME is not set: name the role "
                "to assume in the organization's accounts, for example gateledger-reader."
            )

    def check_owner_tags(self) -> None:
        """Raise ``SettingsError`` when a tag that is to name owners is one whose values are hashed."""
        for key in self.owner_tags:
            for pattern in self.sensitive_tags:
                if fnmatchcase(key.lower(), pattern.lower()):
                    raise SettingsError(
                        f"GATELEDGER_OWNER_TAGS: {shown(key)} is a tag whose values are kept only as hashes "
                        f"(GATELEDGER_SENSITIVE_TAGS: {shown(pattern)}) and cannot name an owner: take it out "
                        "of one of the two."
                    )

    def given_database(self) -> str | None:
        """Return the URL of the given database, password included; None means the embedded one."""
        return None if self.database_url is None else self.database_url.get_secret_value()

    def variable_hash_key(self) -> bytes:
        """Return the key for hashing secret values; without a setting, one that is made once and kept.

        Raises ``SettingsError`` when that one cannot be read or written.
        """
        if self.hash_key is not None:
            return self.hash_key.get_secret_value().encode()
        return kept_key(self.data_dir)

    def notify_targets(self) -> tuple[str, ...]:
        """Return the addresses that a run reports changes to; they hold secrets."""
        return () if self.notify is None else values.notify_targets(self.notify.get_secret_value())

    def parameters_of(self, policy_id: str) -> Mapping[str, ParameterValue]:
        """Return the parameters set for a policy (its defaults not included)."""
        return self.policy_parameters.get(policy_id, {})


def setting_names() -> tuple[str, ...]:
    """Return the names of all settings as the file writes them."""
    return tuple(Settings.model_fields)


def environment_name(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def describe(name: str) -> tuple[str, Any]:
    """Return a setting's description and default, for documentation."""
    field = Settings.model_fields[name]
    return field.description or "", None if field.default_factory else field.default
