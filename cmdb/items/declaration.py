"""The language in which an item type is declared: what it is, where it comes from, and its fields.

Tables, the merge, the relations that policies read, what an incremental evaluation watches, views and the
reference page follow from these declarations. A declaration is data: it reads nothing and calls nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

#: Longest names of an item type and of a field: names of tables, of columns and of indexes that are made of them stay
#: below PostgreSQL's 63 bytes.
_LONGEST_NAME = 28
_LONGEST_FIELD = 40
_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: What the names of tables end with that belong to a type.
_ENDINGS = ("_payload", "_closed")
_PATH = re.compile(r"[\w$@:/ -]+(\.[\w$@:/ -]+)*", re.ASCII)
_KIND = re.compile(r"[\w-]+", re.ASCII)
_IN_ARN = re.compile(r"\{(\w*)\}")
_API = re.compile(r":/(?:rest)?apis/\{\w+\}$")

#: What a field says of null when it has none.
NEVER = "Never."

#: Columns that tables, relations or reporting views have of their own, whatever a type declares.
COMMON = frozenset(
    {
        "item_id", "version_id", "account_region_id", "parent_id", "read_at", "is_fresh", "payload", "digest",
        "valid_from", "valid_to", "superseded_at", "proven_absent", "disappeared_at", "absent_since", "gone_at",
        "item_type", "resource_arn", "account_id", "account_name", "region", "owner", "first", "past",
        "ctid", "cmax", "cmin", "tableoid", "xmax", "xmin",
    }
)  # fmt: skip

#: Words that PostgreSQL takes for no name of a table or column (``pg_get_keywords``, PostgreSQL 15 to 18).
_WORDS_OF_SQL = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
    collation column concurrently constraint create cross current_catalog current_date current_role
    current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
    except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into
    is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on
    only or order outer overlaps placing primary references returning right select session_user similar some
    symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when
    where window with
"""
RESERVED = frozenset(_WORDS_OF_SQL.split())

#: Columns that views have of items of every type, as text; a field of that name is what they show.
_SHOWN = frozenset({"rest_api_id", "stage_name", "client_certificate_id"})

#: Tables of the inventory that belong to no item type.
TABLES = frozenset(
    {
        "account", "account_closed", "account_region", "alembic_version", "dispatch", "dispatch_item", "run",
        "scheduler", "scope", "scope_state", "unread_item",
    }
)  # fmt: skip


class DeclarationError(ValueError):
    """An item type is declared in a way that cannot be stored; the sentence says what to change."""


class Kind(StrEnum):
    """The PostgreSQL type of a field."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    BIGINT = "bigint"
    NUMERIC = "numeric"
    TIME = "timestamptz"
    TEXTS = "text[]"
    JSON = "jsonb"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an item type.

    ``path`` says where it lies in the payload, keys joined by dots (``canarySettings.deploymentId``).
    ``null`` says what a null means. A ``stored`` field is a column of its own; any other is read from the
    payload of whatever version is requested, so that its whole history is there without a migration.

    ``derived``: the reader computes the value, which the payload does not hold as it stands; such a field is
    stored. ``since`` names a further column: since when a stored field has had its value without a break.
    ``noted``: the latest value is kept with the latest version and compared with nothing.
    ``filled_at`` names a further column of latest versions, for a derived field that is no part of the digest:
    where the value of a version is not known and a later reading of the same version gives it, it is filled in,
    and the column says when. An upgrade that derives something new thus changes no item.
    ``encoded``: the payload holds the JSON as text; what cannot be parsed reads as null.
    ``volatile``: AWS changes it without anybody's doing, so that a change of it alone is no change of the item.
    """

    name: str
    kind: Kind
    path: str
    meaning: str
    null: str
    stored: bool = False
    derived: bool = False
    since: str | None = None
    noted: bool = False
    filled_at: str | None = None
    encoded: bool = False
    volatile: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The path as keys, from the outside in."""
        return tuple(self.path.split("."))

    @property
    def comment(self) -> str:
        """What the field means, and what null means, in one text."""
        if self.null == NEVER:
            return self.meaning
        first = self.null if self.null[1:2].isupper() else self.null[0].lower() + self.null[1:]
        return f"{self.meaning} Null: {first}"

    @property
    def is_closed_too(self) -> bool:
        """Whether closed versions have a column for it."""
        return self.stored and not self.noted


@dataclass(frozen=True, slots=True)
class Reference:
    """A field whose value names an item of another type in the same account and region.

    ``to_parent``: both belong to the same parent, and the value is a key within it.
    """

    field: str
    item_type: str
    meaning: str
    to_parent: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What is read and committed as one for an account and region: its name, and the calls it comes from.

    ``kind`` is the value of the type's ``kind_field`` for the items that this scope reads, where a type has
    several scopes. ``lists_all``: a complete reading holds all items that there are, so that one it lacks does
    not exist.
    """

    name: str
    calls: tuple[str, ...]
    kind: str | None = None
    lists_all: bool = True


class Absence(StrEnum):
    """What it means that a reading lacks an item that is known.

    ``GONE``: it has disappeared. ``PROOF``: it has disappeared if its scope lists all items or the reading
    proves it, otherwise it is let go of: nobody follows it any longer. ``NONE``: nothing, a reading
    holds only some of the items; the others stay as they are and end with their parent.
    """

    GONE = "gone"
    PROOF = "proof"
    NONE = "none"


@dataclass(frozen=True, eq=False)
class ItemType:
    """A kind of thing in AWS.

    ``arn`` is a template over ``{partition}``, ``{region}``, ``{account_id}`` and the key fields of the type
    and of its parents. ``key`` is the field that names an item within its parent, or within its account and
    region; None: there is one for each parent. ``label`` is the field that people know the item by.
    ``digested`` are fields that, beside the payload, are part of an item's digest.
    ``key_may_be_arn``: some items are named by an ARN, which is then the item's own.
    ``collected``: whether it is still read; the history of one that no longer is stays.
    ``shared_payload``: versions of any items of the type whose payloads are equal share one row; the digest is
    then that of the payload alone, and finds it.
    ``cloudformation``: what CloudFormation calls it, where that is not made of ``resource_type`` and ``name``.
    """

    name: str
    title: str
    resource_type: str
    arn: str
    scopes: tuple[Scope, ...]
    fields: tuple[Field, ...]
    key: Field | None = None
    parent: str | None = None
    parent_title: str | None = None
    references: tuple[Reference, ...] = ()
    absence: Absence = Absence.GONE
    kind_field: str | None = None
    label: str | None = None
    digested: tuple[str, ...] = ()
    has_payload: bool = True
    shared_payload: bool = False
    key_may_be_arn: bool = False
    collected: bool = True
    cloudformation: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be stored. Raises ``DeclarationError``."""
        self._check_names()
        self._check_fields()
        self._check_key()
        self._check_absence()
        self._check_scopes()
        self._check_sharing()
        for name in (*self.digested, *filter(None, [self.kind_field])):
            self.field(name)
        for reference in self.references:
            if self.field(reference.field).kind is not Kind.TEXT:
                raise DeclarationError(f"{self.name}.{reference.field}: what names another item is text.")
        if self.label is not None:
            label = self.field(self.label)
            if label.kind is not Kind.TEXT or not (label.stored or label is self.key):
                raise DeclarationError(
                    f"{self.name}.{label.name}: what people know an item by is stored as text."
                )

    def _check_key(self) -> None:
        if self.key is None and self.parent is None:
            raise DeclarationError(f"{self.name}: without a parent it needs a key.")
        if self.key is not None and (self.key.kind is not Kind.TEXT or self.key.null != NEVER):
            raise DeclarationError(f"{self.name}.{self.key.name}: a key is text and never null.")

    def _check_absence(self) -> None:
        if self.absence is Absence.NONE:
            if self.parent is None:
                raise DeclarationError(f"{self.name}: items that no listing closes need a parent that does.")
            return
        for field in self.fields:
            if field.noted:
                raise DeclarationError(
                    f"{self.name}.{field.name}: only what is read again without being listed has noted fields; "
                    "set its absence to NONE, or compare the field."
                )
        if self.absence is Absence.PROOF:
            if self.parent is not None or not self.has_payload:
                raise DeclarationError(
                    f"{self.name}: what is proven absent has a payload and no parent; set its absence to GONE."
                )
            for field in self.stored:
                # Of what was never seen and is proven absent nothing is known but its key and its kind.
                if (field.null == NEVER and field.name != self.kind_field) or field.since:
                    raise DeclarationError(
                        f"{self.name}.{field.name}: what may be proven absent unseen has no fields that are never "
                        "null, and none with a since; say what null means."
                    )

    def _check_sharing(self) -> None:
        if not self.shared_payload:
            return
        if not self.has_payload or self.proves_absence:
            raise DeclarationError(
                f"{self.name}: only what has a payload whenever it was seen can share it; leave shared_payload out."
            )
        if self.digested or self.volatile:
            raise DeclarationError(
                f"{self.name}: a shared payload is found by its digest, which then covers all of it and nothing "
                "else; leave digested and volatile fields out."
            )

    def _check_scopes(self) -> None:
        if not self.scopes or (len(self.scopes) > 1) != (self.kind_field is not None):
            raise DeclarationError(
                f"{self.name}: several scopes need a kind_field, and one scope needs none."
            )
        for scope in self.scopes:
            if not _NAME.fullmatch(scope.name):
                raise DeclarationError(
                    f"{self.name}: the scope {scope.name!r} is no name; write lower-case letters and _."
                )
            if scope.kind is not None and not _KIND.fullmatch(scope.kind):
                raise DeclarationError(
                    f"{self.name}: the kind {scope.kind!r} is no word; write letters and _."
                )
        if self.kind_field is None:
            return
        kinds = [scope.kind for scope in self.scopes]
        field = self.field(self.kind_field)
        if None in kinds or len(set(kinds)) < len(kinds) or not field.stored or field.kind is not Kind.TEXT:
            raise DeclarationError(
                f"{self.name}: each of several scopes has a kind of its own, and {field.name} stores it as text."
            )

    def _check_names(self) -> None:
        names = [
            self.name,
            *(field.name for field in self.all_fields),
            *(f.since for f in self.fields if f.since),
            *(f.filled_at for f in self.fields if f.filled_at),
        ]
        for name in names:
            if not _NAME.fullmatch(name):
                raise DeclarationError(f"{self.name}: {name!r} is no name; write lower-case letters and _.")
            if name in RESERVED:
                raise DeclarationError(f"{self.name}: {name!r} is a word of SQL; choose another name.")
            longest = _LONGEST_NAME if name is self.name else _LONGEST_FIELD
            if len(name) > longest:
                raise DeclarationError(f"{self.name}: the name {name!r} has more than {longest} letters.")
        if self.name in TABLES or self.name.endswith(_ENDINGS):
            raise DeclarationError(
                f"{self.name}: a table has that name, or names of tables end so; choose another one."
            )
        for name in names[1:]:
            if names.count(name) > 1 or name in COMMON:
                raise DeclarationError(f"{self.name}: the name {name!r} is taken; choose another one.")

    def _check_fields(self) -> None:
        for field in self.all_fields:
            if not _PATH.fullmatch(field.path):
                raise DeclarationError(
                    f"{self.name}.{field.name}: {field.path!r} is no path; write keys joined by dots, without quotes."
                )
            if field.name in _SHOWN and field.kind is not Kind.TEXT:
                raise DeclarationError(
                    f"{self.name}.{field.name}: views show it as text; choose another name."
                )
        for field in self.fields:
            if (field.derived or field.since or field.noted) and not field.stored:
                raise DeclarationError(
                    f"{self.name}.{field.name}: what is derived, noted or has a since is stored."
                )
            if field.filled_at and (not field.derived or field.noted or field.name in self.digested):
                raise DeclarationError(
                    f"{self.name}.{field.name}: what is filled in is derived and neither noted nor digested."
                )
            if field.encoded and (field.stored or field.kind is not Kind.JSON):
                raise DeclarationError(f"{self.name}.{field.name}: what is encoded is JSON and not stored.")
            if not field.meaning or not field.null:
                raise DeclarationError(f"{self.name}.{field.name}: say what it means and what null means.")
            if not self.has_payload and (not field.stored or field.since):
                raise DeclarationError(
                    f"{self.name}.{field.name}: without a payload all fields are stored, and none has a since."
                )
            if field.volatile and field.stored:
                raise DeclarationError(
                    f"{self.name}.{field.name}: what changes by itself is not compared, so it is not stored."
                )

    @property
    def all_fields(self) -> Iterator[Field]:
        """The key, if there is one, and all fields."""
        if self.key is not None:
            yield self.key
        yield from self.fields

    def field(self, name: str) -> Field:
        """Return a field by its name; raises ``DeclarationError``."""
        for field in self.all_fields:
            if field.name == name:
                return field
        raise DeclarationError(f"{self.name}: there is no field {name!r}.")

    @cached_property
    def stored(self) -> tuple[Field, ...]:
        """Fields that are columns."""
        return tuple(field for field in self.fields if field.stored)

    @cached_property
    def unstored(self) -> tuple[Field, ...]:
        """Fields that are read from the payload."""
        return tuple(field for field in self.fields if not field.stored)

    @cached_property
    def filled(self) -> tuple[Field, ...]:
        """Fields that are filled in where a version lacks them."""
        return tuple(field for field in self.fields if field.filled_at is not None)

    @cached_property
    def versioned(self) -> tuple[tuple[str, Kind], ...]:
        """Columns that closed versions have too: stored fields, and since when some have their values."""
        columns: list[tuple[str, Kind]] = []
        for field in self.stored:
            if not field.noted and field.name != self.kind_field:
                columns.append((field.name, field.kind))
                if field.since is not None:
                    columns.append((field.since, Kind.TIME))
        return tuple(columns)

    @cached_property
    def volatile(self) -> frozenset[str]:
        """Top-level keys of the payload that change by themselves."""
        return frozenset(field.keys[0] for field in self.fields if field.volatile)

    @property
    def arn_names(self) -> tuple[str, ...]:
        """What its ARN is made of."""
        return tuple(_IN_ARN.findall(self.arn))

    @property
    def is_api(self) -> bool:
        """Whether it is an API, of which stages and the like are parts: AWS names it by /restapis/ or /apis/."""
        return self.parent is None and _API.search(self.arn) is not None

    @property
    def cloudformation_type(self) -> str:
        """What other tools know it by: CloudFormation's name, such as ``AWS::ApiGateway::RestApi``."""
        if self.cloudformation is not None:
            return self.cloudformation
        service = "ApiGatewayV2" if ".apigatewayv2." in self.resource_type else "ApiGateway"
        return f"AWS::{service}::{''.join(part.capitalize() for part in self.name.split('_'))}"

    @property
    def proves_absence(self) -> bool:
        """Whether an absence has to be proven."""
        return self.absence is Absence.PROOF

    @property
    def gone_column(self) -> str:
        """What relations call the time at which an item was found gone."""
        return "absent_since" if self.absence is Absence.PROOF else "disappeared_at"
