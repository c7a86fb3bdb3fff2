"""When nights begin: cron's meaning, time zones, clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from gateledger.nightly.schedule import retry_delay
from gateledger.settings.cron import last_time, next_time, read_schedule

VIENNA = ZoneInfo("Europe/Vienna")


def times(schedule: str, start: str, number: int, zone: str = "Europe/Vienna") -> list[str]:
    """Return the first times after a moment (UTC), as clocks on the wall show them."""
    trigger, moment, found = read_schedule(schedule, ZoneInfo(zone)), datetime.fromisoformat(start), []
    moment = moment.replace(tzinfo=UTC)
    for _ in range(number):
        following = next_time(trigger, moment)
        assert following is not None
        moment = following
        found.append(moment.astimezone(ZoneInfo(zone)).strftime("%a %m-%d %H:%M %z"))
    return found


def test_a_time_that_clocks_jump_over_comes_as_long_after_midnight_as_ever() -> None:
    assert times("0 2 * * *", "2026-03-27T12:00", 3) == [
        "Sat 03-28 02:00 +0100",
        "Sun 03-29 03:00 +0200",
        "Mon 03-30 02:00 +0200",
    ]
    assert times("30 2 * * *", "2026-03-28T12:00", 2) == ["Sun 03-29 03:30 +0200", "Mon 03-30 02:30 +0200"]


@pytest.mark.parametrize("minute", [0, 30, 59])
def test_a_time_that_comes_twice_fires_at_its_first_coming(minute: int) -> None:
    assert times(f"{minute} 2 * * *", "2026-10-23T12:00", 3) == [
        f"Sat 10-24 02:{minute:02} +0200",
        f"Sun 10-25 02:{minute:02} +0200",
        f"Mon 10-26 02:{minute:02} +0100",
    ]


def test_an_hourly_schedule_goes_on_through_both_changes_of_the_clock() -> None:
    for start in ("2026-03-28T20:00", "2026-10-24T20:00"):
        moments = [
            datetime.strptime(each + " 2026", "%a %m-%d %H:%M %z %Y")
            for each in times("0 * * * *", start, 10)
        ]
        assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(hours=1)}


@pytest.mark.parametrize("start", ["2026-03-28T01:00", "2026-10-24T12:00"])
def test_no_night_is_lost_or_doubled_whatever_the_minute(start: str) -> None:
    # given schedules at every quarter of the hours around both changes
    for hour in range(4):
        for minute in (0, 15, 30, 45):
            # then one night follows the other by 23 to 25 hours
            found = times(f"{minute} {hour} * * *", start, 4)
            moments = [datetime.strptime(each + " 2026", "%a %m-%d %H:%M %z %Y") for each in found]
            gaps = [later - earlier for earlier, later in pairwise(moments)]
            assert all(timedelta(hours=23) <= gap <= timedelta(hours=25) for gap in gaps), (
                hour,
                minute,
                gaps,
            )


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("0", "Sun"),
        ("7", "Sun"),
        ("1", "Mon"),
        ("sat", "Sat"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("fri-sun", "Sun Fri Sat"),
        ("5-7", "Sun Fri Sat"),
        ("*/3", "Sun Wed Sat"),
        ("1-5/2", "Mon Wed Fri"),
        ("Mon,THU", "Mon Thu"),
        ("*", "Sun Mon Tue Wed Thu Fri Sat"),
    ],
)
def test_weekdays_count_from_sunday_as_in_cron(field: str, days: str) -> None:
    # Monday 2026-06-01 and the week after it
    found = {each.split()[0] for each in times(f"0 2 * * {field}", "2026-05-31T22:00", 8, "UTC")}
    assert found == set(days.split())


def test_a_day_of_the_month_and_a_weekday_both_count() -> None:
    assert times("0 2 15 * mon", "2026-06-07T12:00", 4, "UTC") == [
        "Mon 06-08 02:00 +0000",
        "Mon 06-15 02:00 +0000",
        "Mon 06-22 02:00 +0000",
        "Mon 06-29 02:00 +0000",
    ]
    assert times("0 2 17 * mon", "2026-06-15T12:00", 2, "UTC") == [
        "Wed 06-17 02:00 +0000",
        "Mon 06-22 02:00 +0000",
    ]


@pytest.mark.parametrize(
    ("schedule", "wrong"),
    [
        ("0 2 * *", "has not five fields"),
        ("0 2 * * * *", "has not five fields"),
        ("60 2 * * *", "is not a cron expression"),
        ("0 24 * * *", "is not a cron expression"),
        ("a 2 * * *", "is not a cron expression"),
        ("0 2 0 * *", "is not a cron expression"),
        ("0 2 * 13 *", "is not a cron expression"),
        ("0 2 * * 8", "neither 0 to 7 nor sun to sat"),
        ("0 2 * * mittwoch", "neither 0 to 7 nor sun to sat"),
        ("0 2 * * 5-1", "ends before it begins"),
        ("0 2 * * */0", "step of nothing"),
        ("0 2 * * ,", "cannot be read"),
        ("0 2 31 2 *", "never comes"),
        ("0 2 31 4,6,9,11 *", "never comes"),
    ],
)
def test_a_schedule_that_is_wrong_or_never_comes_is_refused(schedule: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        read_schedule(schedule, VIENNA)


def test_the_last_time_is_found_however_rare() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    for schedule, expected in {
        "0 2 * * *": datetime(2026, 11, 23, 2, tzinfo=UTC),
        "0 12 * * *": now,
        "1 12 * * *": datetime(2026, 11, 22, 12, 1, tzinfo=UTC),
        "* * * * *": now,
        "0 2 1 * *": datetime(2026, 11, 1, 2, tzinfo=UTC),
        "0 2 29 2 *": datetime(2024, 2, 29, 2, tzinfo=UTC),
    }.items():
        assert last_time(read_schedule(schedule, ZoneInfo("UTC")), now) == expected, schedule


def test_the_wait_after_failures_doubles_up_to_an_hour() -> None:
    minutes = [retry_delay(failures) / timedelta(minutes=1) for failures in range(1, 10)]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert retry_delay(100_000) == timedelta(hours=1)
