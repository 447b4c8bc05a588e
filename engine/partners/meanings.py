"""Says to people what a category and code of the statistics mean, where they come from, and what to do next."""

from engine.partners.manifest import ErrorRule, Manifest
from storage.records.deliveries import DeliveryCategory

LASTING_FAULTS = ("address", "TLS")
"""Faults on the way that trying again does not mend."""

_WHAT, _WHY, _NEXT = range(3)
_LOOK_AND_REPLAY = "Read the answer below; when its cause is gone, replay."
_PASSING = "Replay when the partner answers again; nothing else has to be changed."

_OWN = {
    "INVALID_ENTRIES": (
        "{partner} took the profile's identifier for invalid.",
        "The identifier does not have the form that {partner} expects of it.",
        "Correct the identifier's property at its source, import it again, then replay.",
    ),
    "NOT_RECEIVED": (
        "{partner} received fewer profiles than were sent.",
        "{partner} dropped them without a reason; its answer counts them only.",
        "Replay; sending a profile twice does no harm.",
    ),
    "EMPTY_ANSWER": (
        "{partner} answered with nothing, so that nobody knows what it took.",
        "Something between us and {partner} answers in its place, or the base URL is not the partner's.",
        "Check the configuration's base URL with Test, then replay.",
    ),
    "NOT_JSON": (
        "{partner} answered with a page or text that is no JSON, so that nobody knows what it took.",
        "A proxy or a maintenance page answered, or the base URL is not the partner's.",
        "Check the configuration's base URL with Test, then replay.",
    ),
    "BAD_ANSWER": (
        "{partner}'s answer makes no sense for what was sent.",
        "The base URL is another service's, or {partner} has changed its answers.",
        _LOOK_AND_REPLAY,
    ),
    "connection refused": (
        "Nothing listens at the partner's address.",
        "The server is down, or the base URL names the wrong port.",
        "Check the configuration's base URL with Test, then replay.",
    ),
    "connection reset": (
        "The connection was cut before a whole answer came.",
        "The partner's server or something on the way to it broke off.",
        _PASSING,
    ),
    "name not found": (
        "The name of the partner's server was not found.",
        "The base URL is misspelt, or this machine's name service is down.",
        "Check the configuration's base URL with Test, then replay.",
    ),
    "not reached": (
        "The partner's server could not be reached.",
        "A firewall or a broken line is in between.",
        "Ask who runs this machine's network to let it reach the partner, then replay.",
    ),
    "TLS": (
        "The partner's server could not prove who it is.",
        "Its certificate is expired or another server's, or a proxy opens encrypted connections.",
        "Check the configuration's base URL; then ask who runs the network.",
    ),
    "answer too long": (
        "The partner's answer was longer than any answer to our calls.",
        "The base URL is not the partner's.",
        "Check the configuration's base URL with Test, then replay.",
    ),
    "address": (
        "The base URL cannot be called.",
        "It is misspelt.",
        "Correct the configuration's base URL, then replay.",
    ),
    "not HTTP": (
        "What listens at the partner's address does not speak HTTP.",
        "The base URL names another service.",
        "Check the configuration's base URL with Test, then replay.",
    ),
    "HTTP 429": (
        "{partner} asked us to wait.",
        "The account has made more calls than {partner} allows it.",
        "Wait; the account goes on by itself at the time that {partner} named.",
    ),
}

_BY_CATEGORY = {
    DeliveryCategory.INVALID_CREDENTIALS: (
        "{partner} refused the account's credentials.",
        "They have expired, were withdrawn, or lack a permission.",
        "Enter new ones in the configuration, Test, and activate it; what is open then goes.",
    ),
    DeliveryCategory.TIMEOUT: (
        "{partner} gave no whole answer in time, so it may have taken the profiles.",
        "{partner} is slow at the moment, or the batch is too large for the time allowed.",
        "Replay when {partner} is quick again; sending a profile twice does no harm.",
    ),
    DeliveryCategory.PARTNER_CODE: (
        "{partner} answered with code {code}.",
        "{partner}'s own list of codes says why.",
        _LOOK_AND_REPLAY,
    ),
    DeliveryCategory.OTHER: (
        "{partner} answered in a way that is neither a success nor one of its codes.",
        "The answer below is all that is known.",
        _LOOK_AND_REPLAY,
    ),
}


def rule_of(manifest: Manifest, code: str) -> ErrorRule | None:
    """Return the first rule of a manifest that fits a code ("190" or "190/463"), or None."""
    if not code:
        return None
    main, _, sub = code.partition("/")
    forms = {code, main, f"*/{sub}"}
    number = int(main) if main.isdecimal() else None
    for rule in manifest.rules:
        if forms.intersection(rule.codes):
            return rule
        if number is not None and any(least <= number <= most for least, most in rule.code_ranges):
            return rule
    return None


def meaning(manifest: Manifest, category: str, code: str) -> str:
    """Return in one sentence what a line of the statistics means; empty for what is no error."""
    rule = rule_of(manifest, code)
    return rule.meaning if rule else _said(manifest, category, code, _WHAT)


def likely_cause(manifest: Manifest, category: str, code: str) -> str:
    """Return in one sentence where such an error mostly comes from; empty for what is no error."""
    rule = rule_of(manifest, code)
    return rule.likely_cause if rule else _said(manifest, category, code, _WHY)


def what_next(manifest: Manifest, category: str, code: str) -> str:
    """Return in one sentence what a person does about it; empty for what is no error."""
    rule = rule_of(manifest, code)
    return rule.what_next if rule else _said(manifest, category, code, _NEXT)


def _said(manifest: Manifest, category: str, code: str, part: int) -> str:
    if category in {error.value for error in (DeliveryCategory.SENT, DeliveryCategory.REMOVED)}:
        return ""
    known = DeliveryCategory(category)
    if known is DeliveryCategory.WAITING:
        return ""
    if known is DeliveryCategory.OTHER and code.startswith("HTTP 5"):
        words: tuple[str, str, str] = (
            "{partner}'s server failed ({code}).",
            "{partner} has a fault of its own or is being maintained.",
            _PASSING,
        )
    elif known is DeliveryCategory.OTHER and code.startswith("HTTP 3"):
        words = (
            "{partner} pointed to another address ({code}), which is not followed.",
            "The base URL is not the partner's.",
            "Correct the configuration's base URL, then replay.",
        )
    elif known is DeliveryCategory.OTHER and code.startswith("HTTP ") and code not in _OWN:
        words = (
            "{partner} refused the call ({code}) without a code of its own.",
            "The base URL or the API version is not the partner's.",
            "Check the configuration with Test, then replay.",
        )
    else:
        words = _OWN.get(code, _BY_CATEGORY[known])
    return words[part].format(partner=manifest.short_name, code=code)
