"""Settings: where they come from, which of them wins, and one sentence for every mistake."""

from __future__ import annotations

import logging
import os
import stat
import traceback
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import SettingsError
from gateledger.settings.durations import LONGEST, format_duration, parse_duration
from gateledger.settings.loading import load_settings
from gateledger.settings.model import Settings, environment_name, setting_names

ONE, TWO = "111122223333", "444455556666"


@pytest.fixture(autouse=True)
def bare_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine, and an empty working directory."""
    for name in [name for name in os.environ if name.startswith("GATELEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def mistake(config: Path | None = None) -> str:
    """Return the sentence that loading the settings ends with."""
    with pytest.raises(SettingsError) as caught:
        load_settings(config)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_without_any_setting_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert settings.given_database() is None
    assert settings.accounts == "self"
    assert settings.regions == "enabled"
    assert settings.schedule == "0 2 * * *"
    assert settings.timezone == "UTC"
    assert settings.max_staleness == timedelta(hours=72)
    assert settings.methods_max_age == timedelta(days=7)
    assert settings.policies is None
    assert settings.policy_dirs == ()
    assert settings.log_format == "text"
    assert settings.sensitive_tags == ()


def test_data_lies_in_a_system_directory_for_root_and_in_the_users_own_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert load_settings().data_dir == Path("/var/lib/gateledger")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert load_settings().data_dir == tmp_path / "gateledger"


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "gateledger.toml", 'max_staleness = "2d"\nthreads = 4\n')
    monkeypatch.setenv("GATELEDGER_MAX_STALENESS", "5h")
    settings = load_settings()
    assert settings.max_staleness == timedelta(hours=5)
    assert settings.threads == 4
    assert settings.schedule == "0 2 * * *"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in setting_names():
        monkeypatch.setenv(environment_name(name), "")
    assert load_settings() == Settings()


def test_a_named_file_is_read_instead_of_the_one_in_the_directory(tmp_path: Path) -> None:
    write(tmp_path / "gateledger.toml", "threads = 4")
    assert load_settings(write(tmp_path / "other.toml", "threads = 5")).threads == 5


def test_a_file_may_hold_every_kind_of_value(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    settings = load_settings(
        write(
            tmp_path / "all.toml",
            f'''
            database_url = "postgres://u:p@h/d"
            accounts = ["{ONE}", "{TWO}"]
            regions = "eu-central-1, us-gov-west-1"
            role_name = "audit/reader"
            policy_dirs = ["mine"]
            report_dir = "site"
            sensitive_tags = ["mail"]
            methods_max_age = "P3DT12H"
            [policy_parameters."/ce/ca/aws/apigateway/x"]
            days = 45
            ''',
        )
    )
    assert settings.given_database() == "postgresql://u:p@h/d"
    assert settings.report_dir == tmp_path / "site"
    assert settings.accounts == (ONE, TWO)
    assert settings.regions == ("eu-central-1", "us-gov-west-1")
    assert settings.role_name == "audit/reader"
    assert settings.policy_dirs == (tmp_path / "mine",)
    assert settings.sensitive_tags == ("mail",)
    assert settings.methods_max_age == timedelta(days=3, hours=12)
    assert settings.parameters_of("/ce/ca/aws/apigateway/x") == {"days": 45}
    assert settings.parameters_of("/other") == {}


def test_a_tag_whose_values_are_hashed_cannot_name_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATELEDGER_OWNER_TAGS", "team,Owner-Mail")
    monkeypatch.setenv("GATELEDGER_SENSITIVE_TAGS", "*mail*")
    with pytest.raises(SettingsError, match=r"GATELEDGER_OWNER_TAGS: 'Owner-Mail' .* '\*mail\*'") as refused:
        load_settings()
    assert str(refused.value).endswith("take it out of one of the two.")


def shown_by_loading() -> str:
    """Return all that loading the settings could show to anyone."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return "".join(traceback.format_exception(error))
    return repr(settings) + str(settings)


WRONG = [
    ("database_url", "mysql://u@h/d", "postgresql://"),
    ("database_url", "postgresql://h:99999/d", "postgresql://"),
    ("database_url", "postgresql://host", "database"),
    ("accounts", "12345", "12-digit"),
    ("accounts", f"self,{ONE}", "mixes"),
    ("accounts", ",", "empty"),
    ("regions", "Frankfurt", "region"),
    ("role_name", "arn:aws:iam::111122223333:role/path/reader", "for example reader"),
    ("role_name", "a b", "role name"),
    ("external_id", "x", "1224"),
    ("schedule", "0 2 * *", "five fields"),
    ("schedule", "0 25 * * *", "cron"),
    ("timezone", "Middle/Earth", "Europe/Vienna"),
    ("timezone", "../../etc/passwd", "Europe/Vienna"),
    ("max_staleness", "72", "72h"),
    ("max_staleness", "soon", "72h"),
    ("methods_max_age", "0h", "longer"),
    ("methods_max_age", "99999999999999999999d", "hundred years"),
    ("policy_dirs", "/does/not/exist", "not a directory"),
    ("policy_parameters", "{", "JSON"),
    ("policy_parameters", '{"a": 1}', "table"),
    ("policy_parameters", '{"a": {"b": [1]}}', "'b'"),
    ("log_format", "xml", "json"),
    ("threads", "many", "whole number"),
    ("threads", "0", "256"),
    ("threads", "257", "256"),
    ("hash_key", "short", "16"),
]


@pytest.mark.parametrize(("name", "value", "hint"), WRONG)
def test_a_wrong_variable_is_named_with_what_is_wrong_and_what_is_right(
    name: str, value: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(environment_name(name), value)
    sentence = mistake()
    assert sentence.startswith(f"{environment_name(name)} (environment)")
    assert hint in sentence


@pytest.mark.parametrize(
    ("line", "name", "hint"),
    [
        ("accounts = [111122223333]", "accounts", "not text"),
        ("accounts = 5", "accounts", "list"),
        ("threads = true", "threads", "whole number"),
        ("threads = 1.5", "threads", "whole number"),
        ("max_staleness = 72", "max_staleness", '"72h"'),
        ("max_staleness = 1979-05-27", "max_staleness", "72h"),
        ("schedule = []", "schedule", "not text"),
        ('timezone = " "', "timezone", "empty"),
        ('policy_dirs = ["nowhere"]', "policy_dirs", "not a directory"),
        ('role_name = "a\\u0000b"', "role_name", "NUL"),
        ("[policy_parameters]\na = 1", "policy_parameters", "table"),
    ],
)
def test_a_wrong_value_in_the_file_is_named_with_the_file(
    line: str, name: str, hint: str, tmp_path: Path
) -> None:
    file = write(tmp_path / "wrong.toml", line)
    sentence = mistake(file)
    assert sentence.startswith(f"{name} (in {file})")
    assert hint in sentence


def test_an_unknown_key_in_the_file_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    sentence = mistake(write(tmp_path / "x.toml", 'max_stalness = "72h"'))
    assert "'max_stalness'" in sentence
    assert "did you mean max_staleness?" in sentence


def test_a_key_written_like_the_variable_is_recognised_as_a_near_miss(tmp_path: Path) -> None:
    assert "did you mean role_name?" in mistake(write(tmp_path / "x.toml", 'GATELEDGER_ROLE_NAME = "r"'))


def test_a_file_that_is_not_there_not_toml_or_not_text_is_one_sentence(tmp_path: Path) -> None:
    assert "cannot be read" in mistake(tmp_path / "none.toml")
    assert "cannot be read" in mistake(tmp_path)
    assert "not valid TOML" in mistake(write(tmp_path / "a.toml", "accounts = ["))
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    assert "UTF-8" in mistake(tmp_path / "b.toml")


@pytest.mark.parametrize("by_file", [False, True])
def test_a_setting_that_has_no_effect_any_more_is_accepted_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path, by_file: bool
) -> None:
    file = None
    if by_file:
        file = write(tmp_path / "x.toml", 'methods_max_age = "3d"')
    else:
        monkeypatch.setenv("GATELEDGER_METHODS_MAX_AGE", "3d")
    with caplog.at_level(logging.WARNING):
        load_settings(file)
    [record] = [r for r in caplog.records if getattr(r, "event", "") == "settings.without_effect"]
    assert "GATELEDGER_METHODS_MAX_AGE has no effect" in record.getMessage()
    # without it there is no warning
    caplog.clear()
    monkeypatch.delenv("GATELEDGER_METHODS_MAX_AGE", raising=False)
    with caplog.at_level(logging.WARNING):
        load_settings(write(tmp_path / "y.toml", ""))
    assert caplog.records == []


def test_an_unknown_variable_is_warned_about_and_ignored(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GATELEDGER_ACOUNTS", "organization")
    with caplog.at_level(logging.WARNING):
        assert load_settings().accounts == "self"
    [record] = [r for r in caplog.records if getattr(r, "event", "") == "settings.unknown_variable"]
    assert vars(record)["variable"] == "GATELEDGER_ACOUNTS"
    assert "did you mean GATELEDGER_ACCOUNTS?" in record.getMessage()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:c4nary@h:5432/d",
        "postgresql://u:c4nary@h:port/d",
        "postgresql://u:c4nary/@h/d",
        "postgresql://u:c4nary@h",
        "mysql://u:c4nary@h/d",
        "postgresql://u:c4nary@[h/d",
        "c4nary",
    ],
)
def test_the_database_password_is_never_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", url)
    monkeypatch.setenv("GATELEDGER_HASH_KEY", "hash-c4nary-of-many-characters")
    monkeypatch.setenv("GATELEDGER_EXTERNAL_ID", "external-c4nary")
    assert "c4nary" not in shown_by_loading()


def test_secrets_that_are_wrong_are_not_shown_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATELEDGER_HASH_KEY", "c4nary")
    assert "c4nary" not in mistake()
    monkeypatch.setenv("GATELEDGER_HASH_KEY", "")
    monkeypatch.setenv("GATELEDGER_EXTERNAL_ID", "c4nary !")
    assert "c4nary" not in mistake()


def test_without_a_hash_key_a_random_one_is_made_once_for_its_owner_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(tmp_path / "data"))
    key = load_settings().variable_hash_key()
    assert len(key) >= 32
    assert load_settings().variable_hash_key() == key
    assert stat.S_IMODE((tmp_path / "data" / "hash.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["hash.key"]
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(tmp_path / "other"))
    assert load_settings().variable_hash_key() != key


def test_a_given_hash_key_is_used_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("GATELEDGER_HASH_KEY", "0123456789abcdef")
    assert load_settings().variable_hash_key() == b"0123456789abcdef"
    assert not (tmp_path / "data").exists()


def test_a_hash_key_that_is_empty_or_cannot_be_made_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(tmp_path))
    write(tmp_path / "hash.key", "\n")
    with pytest.raises(SettingsError, match="is empty"):
        load_settings().variable_hash_key()
    write(tmp_path / "file", "")
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(SettingsError, match="cannot be used"):
        load_settings().variable_hash_key()


def test_an_organization_without_a_role_is_refused_only_when_it_is_collected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GATELEDGER_ACCOUNTS", "organization")
    settings = load_settings()
    with pytest.raises(SettingsError, match="GATELEDGER_ROLE_NAME"):
        settings.check_collection()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("72h", 259_200),
        ("7d", 604_800),
        ("90m", 5_400),
        ("30s", 30),
        ("2w", 1_209_600),
        ("1d12h", 129_600),
        (" 1D 12H ", 129_600),
        ("P7D", 604_800),
        ("PT90M", 5_400),
        ("P1DT12H", 129_600),
        ("P2W", 1_209_600),
    ],
)
def test_durations_as_people_write_them(text: str, seconds: int) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "h", "1", "1.5", "-1h", "1h1h", "0s", "1y", "P1Y", "1 fortnight"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write for example"):
        parse_duration(text)


@given(st.integers(min_value=1, max_value=int(LONGEST.total_seconds())))
def test_a_duration_written_out_reads_back_the_same(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration
