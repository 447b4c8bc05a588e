"""The categories of messages: a word, a badge and a chart colour each, the same on every page."""

from dataclasses import dataclass

from pages.parts.badges import Badge
from storage.records.deliveries import ERRORS, DeliveryCategory


@dataclass(frozen=True)
class Look:
    """How one category looks; light and dark are its colours in charts, as .streamlit/config.toml has them."""

    badge: Badge
    light: str
    dark: str

    @property
    def word(self) -> str:
        """What people read."""
        return self.badge.word

    def color(self, *, is_dark: bool) -> str:
        """Return the chart colour on a light or a dark page."""
        return self.dark if is_dark else self.light


_LOOKS = {
    DeliveryCategory.SENT: Look(Badge("Sent", "green", "check_circle"), "#1E9656", "#4CCB8A"),
    DeliveryCategory.REMOVED: Look(Badge("Removed", "blue", "person_remove"), "#2B7FD9", "#62A8F5"),
    DeliveryCategory.INVALID_CREDENTIALS: Look(Badge("Invalid credentials", "red", "key_off"), "#BE1E2D", "#E5484D"),
    DeliveryCategory.TIMEOUT: Look(Badge("Timeout", "orange", "timer_off"), "#C77700", "#F0B541"),
    DeliveryCategory.PARTNER_CODE: Look(Badge("Partner error", "violet", "sms_failed"), "#8A2483", "#E7A0E2"),
    DeliveryCategory.OTHER: Look(Badge("Other error", "gray", "help"), "#858F9E", "#7C8798"),
    DeliveryCategory.WAITING: Look(Badge("Waiting", "gray", "schedule"), "#858F9E", "#7C8798"),
}
ERROR_BADGES = tuple(_LOOKS[category].badge for category in ERRORS)


def look(category: DeliveryCategory) -> Look:
    """Return how a category looks."""
    return _LOOKS[category]


def legend(categories: tuple[DeliveryCategory, ...], *, is_dark: bool) -> str:
    """Return the legend of a chart as one line of markdown: a square and the word of each category."""
    return "&emsp;".join(
        f':color[■]{{foreground="{_LOOKS[category].color(is_dark=is_dark)}"}}\u00a0{_LOOKS[category].word}'
        for category in categories
    )
