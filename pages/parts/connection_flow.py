"""The flow picture of a connection: the partner's place, Handoff, and between them an arrow for each goal."""

from dataclasses import dataclass
from html import escape
from string import Template

import streamlit as st

from engine.views.connections import ConnectionPage
from pages.parts import connection_goals, words
from pages.parts.plain import visible
from storage.records.connections import Direction, Method
from storage.records.goals import ImportGoal

_LIGHT = {"on": "#1E9656", "off": "#858F9E", "muted": "#5B6678", "border": "#DFE3EA", "box": "#F6F7F9"}
_DARK = {"on": "#4CCB8A", "off": "#7C8798", "muted": "#9AA5B5", "border": "#2C3547", "box": "#1A2130"}
_STYLE = Template("""
.flow{display:flex;gap:12px;align-items:stretch}
.flow-box{flex:0 0 150px;box-sizing:border-box;padding:12px 8px;border:1px solid $border;border-radius:8px;
 background:$box;display:flex;flex-direction:column;align-items:center;justify-content:center;text-align:center;
 overflow-wrap:anywhere}
.flow-box b{font-weight:600}
.flow-box small,.flow-note{color:$muted;font-size:0.875rem}
.flow-icon{font-family:"Material Symbols Rounded";font-size:1.5rem;line-height:1.2;color:$muted;font-weight:400;
 font-feature-settings:"liga";white-space:nowrap;overflow:hidden;max-width:1.5rem}
.flow-lanes{flex:1 1 auto;min-width:0;display:flex;flex-direction:column;justify-content:center;gap:10px}
.flow-words{display:flex;gap:4px 12px;justify-content:space-between;flex-wrap:wrap}
.flow-name{min-width:0;overflow-wrap:anywhere}
.flow-off .flow-name{color:$muted}
.flow-line{position:relative;height:10px}
.flow-line::before{content:"";position:absolute;left:0;right:8px;top:4px;border-top:2px solid $on}
.flow-line::after{content:"";position:absolute;right:0;top:0;border:5px solid transparent;border-left:9px solid $on;
 border-right:0}
.flow-off .flow-line::before{border-top:2px dashed $off}
.flow-off .flow-line::after{border-left-color:$off}
.flow-back .flow-line{transform:scaleX(-1)}
@media (max-width:640px){.flow{gap:8px}.flow-box{flex-basis:96px;padding:8px 4px}.flow-box small{font-size:0.75rem}}
""")
_SERVERS = {Method.SFTP: "SFTP server", Method.FTP: "FTP server", Method.EMAIL: "Mailbox"}
_ENDPOINTS = {Method.SFTP: "SFTP", Method.FTP: "FTPS", Method.EMAIL: "E-mail"}
_ICONS = {Method.SFTP: "folder_managed", Method.FTP: "lan", Method.EMAIL: "mail"}


@dataclass(frozen=True)
class Lane:
    """One arrow. note stands at its right end; is_on: it is ticked, and so green and not dashed."""

    name: str
    note: str
    is_on: bool


def draw(page: ConnectionPage) -> None:
    """Draw the picture."""
    colors = _DARK if st.context.theme.type == "dark" else _LIGHT
    st.html(f"<style>{_STYLE.substitute(colors)}</style>{_picture(page)}")


def lanes(page: ConnectionPage) -> tuple[Lane, ...]:
    """Return the arrows of a connection, a goal each; pure."""
    if page.connection.direction is Direction.OUTBOUND:
        return (Lane("Files that are sent", "", is_on=True),)
    found = tuple(
        Lane(connection_goals.name_of(page.connection, goal), _note(page, goal), goal.is_on) for goal in page.goals
    )
    return found or (Lane("No goal yet", "", is_on=False),)


def said(page: ConnectionPage) -> str:
    """Return the picture in words, for those who do not see it; pure."""
    is_out = page.connection.direction is Direction.OUTBOUND
    ends = ("Handoff", _place(page)[0]) if is_out else (_place(page)[0], "Handoff")
    arrows = [
        f"{lane.name} ({', '.join(part for part in ('' if lane.is_on else 'dashed', lane.note) if part) or 'ticked'})"
        for lane in lanes(page)
    ]
    return f"From {ends[0]} to {ends[1]}: {'; '.join(arrows)}."


def _note(page: ConnectionPage, goal: ImportGoal) -> str:
    if goal.goal_id in page.unmapped:
        return "not mapped" if goal.is_on else "not ticked, not mapped"
    if not goal.is_on:
        return "not ticked"
    return f"{words.counted(page.rows_today.get(goal.goal_id, 0), 'row')} today"


def _place(page: ConnectionPage) -> tuple[str, str]:
    """Return what stands at the partner's end: its name, and where that is."""
    connection = page.connection
    if connection.is_hosted:
        return f"Partner by {_ENDPOINTS[connection.method]}", page.ours.host
    if connection.method is Method.EMAIL and connection.direction is Direction.OUTBOUND:
        return "Recipients", words.counted(len(connection.details.recipients), "address", "addresses")
    return _SERVERS[connection.method], connection.server.host


def _picture(page: ConnectionPage) -> str:
    name, where = _place(page)
    profiles = "" if page.profiles_total is None else words.counted(page.profiles_total, "profile")
    back = " flow-back" if page.connection.direction is Direction.OUTBOUND else ""
    arrows = "".join(_lane(lane, back) for lane in lanes(page))
    ends = [_box(_ICONS[page.connection.method], name, where), _box("swap_horiz", "Handoff", profiles)]
    label = escape(visible(said(page)), quote=True)
    between = f'<div class="flow-lanes">{arrows}</div>'
    return f'<div class="flow" role="img" aria-label="{label}">{ends[0]}{between}{ends[1]}</div>'


def _box(icon: str, name: str, below: str) -> str:
    small = f"<small>{escape(visible(below))}</small>" if below else ""
    return f'<div class="flow-box"><span class="flow-icon">{icon}</span><b>{escape(visible(name))}</b>{small}</div>'


def _lane(lane: Lane, back: str) -> str:
    name, note = escape(visible(lane.name)), escape(visible(lane.note))
    told = f'<span class="flow-name">{name}</span><span class="flow-note">{note}</span>'
    off = "" if lane.is_on else " flow-off"
    return f'<div class="flow-lane{off}{back}"><div class="flow-words">{told}</div><div class="flow-line"></div></div>'
