"""A button that puts a text onto the clipboard and then tells the page; Streamlit itself has none."""

from typing import Literal

import streamlit as st

COPIED, REFUSED = "copied", "refused"
_HTML = """
<button type="button"></button>
"""
_CSS = """
button {
  font: inherit; font-family: var(--st-font); font-size: 1rem; line-height: 1.6; cursor: pointer;
  min-height: 2.5rem; padding: 0.25rem 0.75rem; border-radius: var(--st-button-radius);
  border: 1px solid var(--st-border-color); background: transparent; color: var(--st-text-color);
}
button.primary { background: var(--st-primary-color); border-color: var(--st-primary-color); color: #FFFFFF; }
button:hover { filter: brightness(0.94); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""
_JS = """
async function write(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Browsers keep their clipboard to pages that come by TLS or from this machine; the old way still works.
  }
  const field = document.createElement("textarea")
  field.value = text
  field.style.position = "fixed"
  field.style.opacity = "0"
  const place = document.querySelector("[role=dialog]") || document.body
  place.appendChild(field)
  field.select()
  const done = document.execCommand("copy")
  field.remove()
  return done
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const button = parentElement.querySelector("button")
  button.textContent = data.label
  button.className = data.kind
  button.onclick = async () => setTriggerValue("answer", (await write(data.text)) ? "copied" : "refused")
}
"""
_COMPONENT = st.components.v2.component("handoff_copy_button", html=_HTML, css=_CSS, js=_JS)


def draw(
    text: str, *, key: str, label: str = "Copy", kind: Literal["primary", "secondary"] = "secondary"
) -> str | None:
    """Draw the button; return COPIED or REFUSED (by the browser) in the run after a click, else None."""
    shown = _COMPONENT(
        data={"text": text, "label": label, "kind": kind},
        key=key,
        width="content",
        on_answer_change=lambda: None,
    )
    answer = shown.answer
    return answer if answer in (COPIED, REFUSED) else None
