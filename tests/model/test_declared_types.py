"""Items of any declared type live beside dicts of them: versions, relations and verdicts of every night agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from sqlalchemy import MetaData

from cmdb.items import Absence, item_type, item_types, known_as
from cmdb.server.database import open_engine, transaction
from cmdb.server.reporting import create_views
from cmdb.server.roles import policy_grants
from cmdb.tables.base import metadata
from cmdb.tables.inventory import item_tables
from tests.model.declared import GADGET, Change, Night, Trouble
from tests.model.house import House, Life
from tests.model.questions import expected_records, questions
from tests.support.checks import breaches
from tests.support.doses import dose
from tests.support.servers import EMBEDDED, Servers

#: Types that a life can have beside their parents; those of items that belong to others are drawn more often.
CHOICE = [
    *(one.name for one in item_types() if one.collected for _ in range(3 if one.parent else 1)),
    *[GADGET.name] * 4,
]

_changes = st.builds(
    Change,
    st.sampled_from([0, 0, 0, 1]),
    st.integers(0, 3),
    st.sampled_from([0, 0, 1, 2, 3]),
    st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5]),
)
_troubles = st.builds(
    Trouble,
    st.sampled_from([0, 0, 0, 1]),
    st.integers(0, 3),
    st.sampled_from(["failed", "left out", "part"]),
    st.integers(0, 3),
)
_strict_pauses = st.sampled_from([24, 24, 24, 1, 80])


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Draw a life of one or two types and of their parents; gadgets are known then."""
    number = draw(st.sampled_from([1, 1, 1, 2]))
    chosen = draw(st.lists(st.sampled_from(CHOICE), min_size=number, max_size=number, unique=True))
    judged = [name for name in chosen if item_type(name).absence is Absence.GONE]
    question = draw(questions(draw(st.sampled_from(judged or ["rest_api"]))))
    whole = {*chosen, question.other}
    whole |= {parent for name in whole if (parent := item_type(name).parent) is not None}
    types = [one.name for one in item_types() if one.name in whole]
    pauses = draw(st.sampled_from([_strict_pauses] * 3 + [st.sampled_from([24, 0, 1])]))
    night = st.builds(
        Night,
        pauses.map(lambda hours: timedelta(hours=hours)),
        st.lists(_changes, min_size=1, max_size=8),
        st.lists(_troubles, max_size=3),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    )
    first = Night(timedelta(hours=1), draw(st.lists(_changes, min_size=6, max_size=16)))
    return Life(types, [first, *draw(st.lists(night, min_size=5, max_size=9))], question)


@pytest.fixture(scope="module")
def house(postgres_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    server = postgres_servers.get(EMBEDDED)
    with server.database(migrated=True) as url:
        engine = open_engine(url)
        with known_as(GADGET):
            tables = MetaData(naming_convention=metadata.naming_convention)
            item_tables(GADGET, tables)
            with engine.begin() as connection:
                tables.create_all(connection)
                create_views(connection)
            with transaction(engine) as connection:
                connection.execute(policy_grants().encode())
            names = [str(table) for table in (*metadata.sorted_tables, *tables.sorted_tables)]
            yield House(engine, ", ".join(names), tmp_path_factory.mktemp("policies"))
        engine.dispose()
    print(f"\n{House.lived} lives, {House.nights} nights")


@dose(2)
@given(life=lives())
def test_versions_relations_and_verdicts_of_any_type_equal_the_model(house: House, life: Life) -> None:
    """Given any life of items of any types, then each night's relations, fields and all, versions and verdicts are
    those of plain dicts, tonight and as of every past time, however they are judged."""
    note(f"judged by {life.question}")
    ledger = house.live(life)
    states = sorted(ledger.states.items())
    for name in life.types:
        for as_of, state in states:
            house.compare(name, as_of, state, is_strict=life.is_strict, past=True)
        if life.is_strict and item_type(name).absence is not Absence.PROOF:
            due = {
                where: ledger.versions(where) for where in ledger.state.items if where[1].item_type == name
            }
            assert house.versions(item_type(name)) == due
    due_records = expected_records(ledger, life.question)
    assert house.records(life.question) == due_records
    for how in ("full", "sweep", "in turn"):
        house.judge_again(life.question, states[-1][0], how)
        assert house.records(life.question) == due_records, how
    assert breaches(house.engine) == []
