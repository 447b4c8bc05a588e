"""Reads a manifest strictly: what is missing, unknown, of another type or said twice is refused with its place."""

import re
from typing import Any, TypeVar

import yaml

from engine.base import errors, limits
from engine.partners.manifest import AnswerForm, CallForm, ErrorRule, Manifest
from storage.records.deliveries import ERRORS, DeliveryCategory
from storage.records.partners import IdentifierForm, Normalise, SettingField, SignalKind

_FIELD_KINDS = ("text", "secret", "number", "choice", "url")
_PLACES = ("form", "query")
_NAMED = re.compile(r"\{([a-z_]+)\}")
_Word = TypeVar("_Word", SignalKind, DeliveryCategory, Normalise)


class _Loader(yaml.SafeLoader):
    """Safe, and refuses a key that stands twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise errors.GiveUp(f"line {node.start_mark.line + 1}: {key} stands twice")
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class _Place:
    """A mapping of the manifest whose entries are taken one by one; what is left over at the end is a mistake."""

    def __init__(self, path: str, value: Any) -> None:
        self.path = path
        if not isinstance(value, dict):
            raise errors.GiveUp(f"{path} is no mapping")
        self._left = dict(value)

    def _take(self, name: str, kind: type | tuple[type, ...], words: str, default: Any) -> Any:
        if name not in self._left:
            if default is None:
                raise errors.GiveUp(f"{self.path}.{name} is missing")
            return default
        value = self._left.pop(name)
        # For Python true is a number; for a manifest it is not.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise errors.GiveUp(f"{self.path}.{name} is no {words}")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value: str = self._take(name, str, "text", default)
        return value

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        value: bool = self._take(name, bool, "true or false", default)
        return value

    def number(self, name: str, default: float | None = None) -> float:
        value: float = self._take(name, (int, float), "number", default)
        return value

    def bound(self, name: str) -> float | None:
        return self.number(name) if name in self._left else None

    def texts(self, name: str, *, is_needed: bool = False) -> tuple[str, ...]:
        values = self._take(name, list, "list", None if is_needed else [])
        if not all(isinstance(value, str) for value in values):
            raise errors.GiveUp(f"{self.path}.{name} holds something other than text; write it in quotes")
        return tuple(values)

    def choices(self, name: str) -> dict[str, str]:
        values = self._take(name, dict, "mapping", {})
        if not all(isinstance(part, str) for pair in values.items() for part in pair):
            raise errors.GiveUp(f"{self.path}.{name} holds something other than text")
        return dict(values)

    def word(self, name: str, words: tuple[_Word, ...]) -> _Word:
        return _word(f"{self.path}.{name}", self.text(name), words)

    def words(self, name: str, words: tuple[_Word, ...]) -> tuple[_Word, ...]:
        return tuple(_word(f"{self.path}.{name}", text, words) for text in self.texts(name))

    def ranges(self, name: str) -> tuple[tuple[int, int], ...]:
        values = self._take(name, list, "list", [])
        for value in values:
            if not (isinstance(value, list) and [type(end) for end in value] == [int, int] and value[0] <= value[1]):
                raise errors.GiveUp(f"{self.path}.{name} holds something other than [from, to]")
        return tuple((least, most) for least, most in values)

    def place(self, name: str) -> "_Place":
        return _Place(f"{self.path}.{name}", self._take(name, dict, "mapping", None))

    def optional(self, name: str) -> "_Place":
        return _Place(f"{self.path}.{name}", self._take(name, dict, "mapping", {}))

    def places(self, name: str) -> list["_Place"]:
        return [
            _Place(f"{self.path}.{name}[{number}]", value)
            for number, value in enumerate(self._take(name, list, "list", None))
        ]

    def names(self) -> tuple[str, ...]:
        return tuple(self._left)

    def end(self) -> None:
        if self._left:
            raise errors.GiveUp(f"{self.path}.{next(iter(self._left))} is not known")


def _word(path: str, text: str, words: tuple[_Word, ...]) -> _Word:
    for word in words:
        if word.value == text:
            return word
    raise errors.GiveUp(f'{path} "{text}" is none of {", ".join(word.value for word in words)}')


def read(partner: str, text: str) -> Manifest:
    """Return the manifest that YAML text holds.

    Raises:
        GiveUp: It holds a mistake; the sentence names partner and place.
    """
    try:
        parsed = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader that is stricter still
        return _checked(_manifest(partner, _Place(partner, parsed)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else type(error).__name__
        raise errors.GiveUp(f"The manifest of {partner} is not YAML ({place}); correct it.") from None
    except errors.GiveUp as error:
        raise errors.GiveUp(f"The manifest of {partner} cannot be used: {error}; correct it.") from None


def _manifest(partner: str, root: _Place) -> Manifest:
    calls = root.place("calls")
    words = root.optional("words")
    found = Manifest(
        partner=partner,
        name=root.text("name"),
        short_name=root.text("short_name"),
        category=root.text("category"),
        summary=root.text("summary"),
        has_variables=root.flag("has_variables"),
        has_modify=root.flag("has_modify"),
        reports_codes=root.flag("reports_codes"),
        base_url=root.text("base_url"),
        version=root.text("version", ""),
        token=root.text("token"),
        fields=tuple(_field(place) for place in root.places("fields")),
        identifiers=tuple(_identifier(place) for place in root.places("identifiers")),
        words=_words(words),
        batch_size_max=int(root.number("batch_size_max")),
        deadline_s=float(root.number("deadline_s", limits.CALL_WAIT_S_MAX)),
        repeat_is_safe=root.flag("repeat_is_safe"),
        preconditions=root.texts("preconditions"),
        documentation=root.text("documentation"),
        error_reference=root.text("error_reference"),
        kinds=tuple(_word(calls.path, name, tuple(SignalKind)) for name in calls.names()),
        calls={_word(calls.path, name, tuple(SignalKind)): _call(calls.place(name)) for name in calls.names()},
        test_call=_call(root.place("test_call")),
        answer=_answer(root.place("answer")),
        rules=tuple(_rule(place) for place in root.places("rules")),
    )
    for place in (root, calls, words):
        place.end()
    return found


def _field(place: _Place) -> SettingField:
    found = SettingField(
        name=place.text("name"),
        label=place.text("label"),
        kind=place.text("kind", "text"),
        is_required=place.flag("is_required", default=False),
        is_advanced=place.flag("is_advanced", default=False),
        is_fixed_while_linked=place.flag("is_fixed_while_linked", default=False),
        default=place.text("default", ""),
        help=place.text("help", ""),
        choices=place.choices("choices"),
        least=place.bound("least"),
        most=place.bound("most"),
        is_whole=place.flag("is_whole", default=False),
        pattern=place.text("pattern", ""),
        pattern_words=place.text("pattern_words", ""),
    )
    place.end()
    if found.kind not in _FIELD_KINDS:
        raise errors.GiveUp(f'{place.path}.kind "{found.kind}" is none of {", ".join(_FIELD_KINDS)}')
    if found.kind == "number" and (found.least is None or found.most is None):
        raise errors.GiveUp(f"{place.path} is a number without least and most")
    return found


def _identifier(place: _Place) -> IdentifierForm:
    found = IdentifierForm(
        wire=place.text("wire"),
        label=place.text("label"),
        normalise=place.words("normalise", tuple(Normalise)),
        is_hashed=place.flag("is_hashed", default=False),
    )
    place.end()
    return found


def _words(place: _Place) -> dict[tuple[SignalKind, str], str]:
    return {
        (_word(place.path, name, tuple(SignalKind)), wire): word
        for name in place.names()
        for wire, word in place.choices(name).items()
    }


def _call(place: _Place) -> CallForm:
    found = CallForm(
        method=place.text("method"),
        path=place.text("path"),
        payload=place.text("payload", "") or None,
        payload_in=place.text("payload_in", "form"),
        query_characters_max=int(place.number("query_characters_max", CallForm.query_characters_max)),
    )
    place.end()
    if found.payload_in not in _PLACES:
        raise errors.GiveUp(f'{place.path}.payload_in "{found.payload_in}" is none of {", ".join(_PLACES)}')
    if found.payload and (found.payload.count("{flat}") + found.payload.count("{nested}")) != 1:
        raise errors.GiveUp(f"{place.path}.payload does not hold one of {{flat}} and {{nested}} once")
    return found


def _answer(place: _Place) -> AnswerForm:
    wait = place.optional("wait")
    found = AnswerForm(
        received=place.text("received"),
        invalid=place.text("invalid", ""),
        samples=place.text("samples", ""),
        code=place.text("code", ""),
        subcode=place.text("subcode", ""),
        message=place.text("message", ""),
        wait_header=wait.text("header", ""),
        wait_key=wait.text("key", ""),
        wait_unit_s=float(wait.number("unit_s", 1.0)),
    )
    wait.end()
    place.end()
    return found


def _rule(place: _Place) -> ErrorRule:
    found = ErrorRule(
        category=place.word("category", ERRORS),
        meaning=place.text("meaning"),
        likely_cause=place.text("likely_cause"),
        what_next=place.text("what_next"),
        codes=place.texts("codes"),
        code_ranges=place.ranges("code_ranges"),
        may_repeat=place.flag("may_repeat", default=False),
        is_limited=place.flag("is_limited", default=False),
    )
    place.end()
    if not found.codes and not found.code_ranges:
        raise errors.GiveUp(f"{place.path} names no code")
    return found


def _checked(manifest: Manifest) -> Manifest:
    """Check what one part says of another: names in paths, the token, the choice of identifiers."""
    partner, names = manifest.partner, [field.name for field in manifest.fields]
    if len(set(names)) < len(names):
        raise errors.GiveUp(f"{partner}.fields names one field twice")
    if not manifest.calls or not manifest.identifiers:
        raise errors.GiveUp(f"{partner} has no call or no identifier")
    if not 1 <= manifest.batch_size_max <= limits.BATCH_PROFILES_MAX:
        raise errors.GiveUp(f"{partner}.batch_size_max is not from 1 to {limits.BATCH_PROFILES_MAX:,}")
    used = [manifest.version, *(call.path for call in (*manifest.calls.values(), manifest.test_call))]
    for name in [manifest.token, *(name for path in used for name in _NAMED.findall(path))]:
        if name not in names:
            raise errors.GiveUp(f"{partner} uses the setting {name}, which is none of its fields")
    forms = {form.wire for form in manifest.identifiers}
    choice = next((field for field in manifest.fields if field.name == "identifier"), None)
    if choice is not None and (set(choice.choices) != forms or choice.default not in forms):
        raise errors.GiveUp(f"{partner}.fields: the choices of identifier are not the identifiers")
    if any(wire not in forms for _, wire in manifest.words):
        raise errors.GiveUp(f"{partner}.words names an identifier that there is not")
    return manifest
