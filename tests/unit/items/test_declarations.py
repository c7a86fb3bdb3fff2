"""What cannot be stored is refused where it is declared, in one sentence that says what to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cmdb.items import (
    NEVER,
    Absence,
    DeclarationError,
    Field,
    ItemType,
    Kind,
    Reference,
    Scope,
    children_of,
    item_type,
    item_types,
    known_as,
    scope_names,
    scope_owner,
)

KEY = Field("lamp_id", Kind.TEXT, "id", "Its id.", NEVER)
SCOPES = (Scope("lamp", ("light:GetLamps",)),)


def field(name: str = "colour", kind: Kind = Kind.TEXT, null: str = "It has none.", **options: Any) -> Field:
    return Field(
        name, kind, options.pop("path", name), options.pop("meaning", "Its colour."), null, **options
    )


def lamp(**changes: Any) -> ItemType:
    """Return a right declaration, but for what is given."""
    given: dict[str, Any] = {
        "name": "lamp",
        "title": "lamp",
        "resource_type": "aws.light.lamp",
        "arn": "arn:{partition}:light:{region}::/lamps/{lamp_id}",
        "scopes": SCOPES,
        "fields": (field(),),
        "key": KEY,
    }
    return ItemType(**{**given, **changes})


KINDS = (Scope("bulb", ("light:GetBulbs",), kind="BULB"), Scope("tube", ("light:GetTubes",), kind="TUBE"))
WRONG: list[tuple[Callable[[], ItemType], str]] = [
    (lambda: lamp(name="Lamp"), "'Lamp' is no name"),
    (lambda: lamp(name="l" * 29), "more than 28 letters"),
    (lambda: lamp(name="user"), "'user' is a word of SQL"),
    (lambda: lamp(name="scope_state"), "a table has that name"),
    (lambda: lamp(name="stage_closed"), "a table has that name"),
    (lambda: lamp(fields=(field("order"),)), "'order' is a word of SQL"),
    (lambda: lamp(fields=(field(stored=True, since="end"),)), "'end' is a word of SQL"),
    (lambda: lamp(fields=(field("c" * 41),)), "more than 40 letters"),
    (lambda: lamp(fields=(field(path="it's"),)), "is no path"),
    (lambda: lamp(fields=(field(path="a..b"),)), "'a..b' is no path"),
    (lambda: lamp(fields=(field("stage_name", Kind.INTEGER),)), "views show it as text"),
    (lambda: lamp(fields=(field("owner"),)), "'owner' is taken"),
    (lambda: lamp(fields=(field("xmin"),)), "'xmin' is taken"),
    (lambda: lamp(label="size"), "no field 'size'"),
    (lambda: lamp(label="colour"), "what people know an item by is stored as text"),
    (lambda: lamp(fields=(field(kind=Kind.INTEGER, stored=True),), label="colour"), "is stored as text"),
    (
        lambda: lamp(
            fields=(field(kind=Kind.INTEGER),), references=(Reference("colour", "stage", "Its stage."),)
        ),
        "what names another item is text",
    ),
    (lambda: lamp(fields=(field("2nd"),)), "'2nd' is no name"),
    (lambda: lamp(fields=(field(stored=True, since="Since"),)), "'Since' is no name"),
    (lambda: lamp(fields=(field(), field())), "'colour' is taken"),
    (lambda: lamp(fields=(field("lamp_id"),)), "'lamp_id' is taken"),
    (lambda: lamp(fields=(field(stored=True, since="colour"),)), "'colour' is taken"),
    (lambda: lamp(fields=(field("payload"),)), "'payload' is taken"),
    (lambda: lamp(fields=(field("valid_from"),)), "'valid_from' is taken"),
    (lambda: lamp(fields=(field("resource_arn"),)), "'resource_arn' is taken"),
    (lambda: lamp(fields=(field("disappeared_at"),)), "'disappeared_at' is taken"),
    (lambda: lamp(fields=(field(derived=True),)), "what is derived, noted or has a since is stored"),
    (lambda: lamp(fields=(field(since="coloured_at"),)), "what is derived, noted or has a since is stored"),
    (lambda: lamp(fields=(field(noted=True),)), "what is derived, noted or has a since is stored"),
    (lambda: lamp(fields=(field(meaning=""),)), "say what it means and what null means"),
    (lambda: lamp(fields=(field(null=""),)), "say what it means and what null means"),
    (lambda: lamp(fields=(field(stored=True, volatile=True),)), "it is not stored"),
    (lambda: lamp(has_payload=False), "without a payload all fields are stored"),
    (lambda: lamp(has_payload=False, fields=(field(stored=True, since="coloured_at"),)), "none has a since"),
    (lambda: lamp(key=None), "without a parent it needs a key"),
    (lambda: lamp(key=Field("number", Kind.INTEGER, "id", "Its number.", NEVER)), "a key is text"),
    (lambda: lamp(key=Field("lamp_id", Kind.TEXT, "id", "Its id.", "It has none.")), "never null"),
    (lambda: lamp(absence=Absence.NONE), "need a parent that does"),
    (lambda: lamp(fields=(field(stored=True, noted=True),)), "set its absence to NONE"),
    (lambda: lamp(absence=Absence.PROOF, parent="rest_api"), "has a payload and no parent"),
    (lambda: lamp(shared_payload=True, absence=Absence.PROOF), "leave shared_payload out"),
    (
        lambda: lamp(shared_payload=True, has_payload=False, fields=(field(stored=True),)),
        "leave shared_payload out",
    ),
    (lambda: lamp(shared_payload=True, fields=(field(volatile=True),)), "leave digested and volatile"),
    (lambda: lamp(shared_payload=True, digested=("colour",)), "leave digested and volatile"),
    (
        lambda: lamp(absence=Absence.PROOF, has_payload=False, fields=(field(stored=True),)),
        "has a payload and no parent",
    ),
    (lambda: lamp(absence=Absence.PROOF, fields=(field(null=NEVER, stored=True),)), "never null"),
    (lambda: lamp(absence=Absence.PROOF, fields=(field(stored=True, since="coloured_at"),)), "with a since"),
    (lambda: lamp(scopes=()), "several scopes need a kind_field"),
    (lambda: lamp(scopes=(Scope("Lamp's", ()),)), "is no name; write lower-case"),
    (lambda: lamp(scopes=(KINDS[0], Scope("tube", (), kind="it's")), kind_field="colour"), "is no word"),
    (lambda: lamp(scopes=KINDS), "several scopes need a kind_field"),
    (lambda: lamp(kind_field="colour"), "one scope needs none"),
    (lambda: lamp(scopes=KINDS, kind_field="colour"), "colour stores it as text"),
    (
        lambda: lamp(scopes=(*SCOPES, KINDS[0]), kind_field="colour", fields=(field(stored=True),)),
        "each of several scopes has a kind of its own",
    ),
    (lambda: lamp(scopes=KINDS, kind_field="kind"), "there is no field 'kind'"),
    (lambda: lamp(digested=("size",)), "there is no field 'size'"),
    (lambda: lamp(references=(Reference("socket_id", "socket", "Where it is."),)), "no field 'socket_id'"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_cannot_be_stored_is_refused(wrong: Callable[[], ItemType], words: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        wrong()
    sentence = str(refused.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_right_declaration_is_taken_and_known_only_for_a_while() -> None:
    before = item_types()
    made = lamp(parent="stage")
    with known_as(made):
        assert item_type("lamp") is made
        assert item_types() == (*before, made)
        assert children_of("stage") == (made,)
        assert scope_owner("lamp") is made
        assert scope_names()[-1] == "lamp"
    assert item_types() == before
    with pytest.raises(DeclarationError, match="no item type 'lamp': choose one of rest_api, stage"):
        item_type("lamp")
    with pytest.raises(DeclarationError, match="no scope 'lamp': choose one of rest_api, stage"):
        scope_owner("lamp")


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (lamp(name="stage"), "two item types 'stage'"),
        (lamp(parent="house"), "its parent 'house' is not declared before it"),
        (lamp(scopes=(Scope("stage", ()),)), "the scope 'stage' is another type's"),
        (lamp(), "the resource type 'aws.light.lamp' is that of 'lantern'"),
        (lamp(parent="draft"), "its parent 'draft' has no key"),
        (lamp(parent="stage", fields=(field("stage_name"),)), "'stage_name' is its parent's key"),
        (lamp(arn="arn:{partition}:light:{region}::/{house}/{lamp_id}"), "its ARN names 'house'"),
        (
            lamp(references=(Reference("colour", "paint", "Its paint."),)),
            "'paint', which is no item type with a key",
        ),
        (
            lamp(references=(Reference("colour", "integration", "Its types."),)),
            "'integration', which is no item type with a key",
        ),
    ],
)
def test_what_does_not_fit_the_other_types_is_refused_and_leaves_nothing(
    declared: ItemType, words: str
) -> None:
    before = item_types()
    with (
        pytest.raises(DeclarationError, match=words),
        known_as(lamp(name="lantern", scopes=KINDS[:1]), declared),
    ):
        pass
    assert item_types() == before


def test_what_a_field_says_of_null_is_part_of_its_comment() -> None:
    assert field().comment == "Its colour. Null: it has none."
    assert field(null="AWS did not say.").comment == "Its colour. Null: AWS did not say."
    assert KEY.comment == "Its id."


def test_every_declared_field_says_what_it_means() -> None:
    for declared in item_types():
        for one in declared.all_fields:
            assert one.meaning.endswith("."), (declared.name, one.name)
            assert one.null.endswith("."), (declared.name, one.name)
