"""Draws the two pages that stand before the dashboard, sign-in and one-time link, as plain HTML."""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit

_MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">'
    '<rect width="24" height="24" rx="6" fill="#3949C6"/><path d="M7 9h10m-3-3 3 3-3 3M17 15H7m3-3-3 3 3 3" '
    'fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
_ICON = "data:image/svg+xml;base64," + base64.b64encode(_MARK.encode()).decode()


def _fonts() -> tuple[str, ...]:
    media = Path(streamlit.__file__).parent / "static" / "static" / "media"
    return tuple(f"/static/media/{file.name}" for file in sorted(media.glob("SourceSansVF-Upright*.woff2")))


FONT_PATHS = _fonts()
"""The only files of the dashboard that these pages need: the letters that come with Streamlit."""
_FONT_FACE = "".join(
    f'@font-face{{font-family:"Source Sans";src:url("{path}") format("woff2");font-weight:200 900}}'
    for path in FONT_PATHS
)
_STYLE = (
    _FONT_FACE
    + """
:root{color-scheme:light dark;--primary:#3949C6;--link:#3949C6;--page:#F6F7F9;--card:#FFFFFF;--text:#1A2233;
--muted:#5B6678;--border:#DFE3EA;--edge:#858F9E;--bad:#A51A27;--bad-page:#FCE8E9}
@media (prefers-color-scheme:dark){:root{--primary:#5A6BE6;--link:#9AA6FF;--page:#0B0F17;--card:#10151F;
--text:#E7EBF2;--muted:#9AA5B5;--border:#2C3547;--edge:#7C8798;--bad:#FF9A9D;--bad-page:#3C181B}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:16px;
background:var(--page);color:var(--text);font:14px/1.5 "Source Sans",sans-serif}
main{width:100%;max-width:376px;background:var(--card);border:1px solid var(--border);border-radius:8px;padding:28px}
.brand{display:flex;align-items:center;gap:8px;font-weight:600;font-size:16px;color:var(--link);margin:0 0 20px}
h1{font-size:22px;line-height:1.25;font-weight:700;margin:0 0 4px}
p{margin:0 0 16px;color:var(--muted);overflow-wrap:anywhere}
label{display:block;font-weight:600;margin:0 0 4px}
input{width:100%;height:40px;padding:0 12px;margin:0 0 16px;border:1px solid var(--edge);border-radius:8px;
background:var(--card);color:var(--text);font:inherit;font-size:16px}
input:focus-visible,button:focus-visible,a:focus-visible{outline:2px solid var(--link);outline-offset:1px}
button{width:100%;height:40px;border:0;border-radius:8px;background:var(--primary);color:#fff;font:inherit;
font-weight:600;cursor:pointer}
.hint{margin:-10px 0 16px;font-size:13px}
.bad{background:var(--bad-page);color:var(--bad);border-radius:8px;padding:8px 12px}
.last{margin:16px 0 0}
a{color:var(--link)}
"""
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; font-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""No script at all, one style, nothing from elsewhere."""


@dataclass(frozen=True)
class Field:
    """One input of a form."""

    name: str
    label: str
    kind: str
    autocomplete: str
    value: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Form:
    """One page: what it says, its inputs, and the hidden values that go back with it."""

    title: str
    caption: str
    action: str
    button: str
    fields: tuple[Field, ...]
    hidden: dict[str, str]
    error: str = ""
    last_line: str = ""


def form_page(form: Form) -> str:
    """Return the page with this form; everything put in is escaped."""
    first_empty = next((field.name for field in form.fields if not field.value), "")
    error = f'<p class="bad" role="alert">{escape(form.error)}</p>' if form.error else ""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in form.hidden.items()
    )
    inputs = "".join(_input(field, is_first=field.name == first_empty) for field in form.fields)
    last = f'<p class="last">{escape(form.last_line)}</p>' if form.last_line else ""
    return _page(
        form.title,
        f"<h1>{escape(form.title)}</h1><p>{escape(form.caption)}</p>{error}"
        f'<form method="post" action="{escape(form.action)}">{hidden}{inputs}'
        f'<button type="submit">{escape(form.button)}</button></form>{last}',
    )


def message_page(title: str, sentence: str) -> str:
    """Return a page that says one sentence and leads to the sign-in."""
    return _page(
        title, f'<h1>{escape(title)}</h1><p>{escape(sentence)}</p><p class="last"><a href="/login">Sign in</a></p>'
    )


def _input(field: Field, *, is_first: bool) -> str:
    hint = f'<p class="hint" id="{field.name}-hint">{escape(field.hint)}</p>' if field.hint else ""
    described = f' aria-describedby="{field.name}-hint"' if field.hint else ""
    focus = " autofocus" if is_first else ""
    return (
        f'<label for="{field.name}">{escape(field.label)}</label>'
        f'<input id="{field.name}" name="{field.name}" type="{field.kind}" value="{escape(field.value)}" '
        f'autocomplete="{field.autocomplete}" required{described}{focus}>{hint}'
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<title>{escape(title)} · Handoff</title><link rel="icon" href="{_ICON}"><style>{_STYLE}</style></head>'
        f'<body><main><div class="brand">{_MARK}Handoff</div>{body}</main></body></html>'
    )
