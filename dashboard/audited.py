"""The findings of an audit as part of a page: how old they are, worst first, each with what mends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import streamlit as st

from dashboard import data, findings, visitor
from dashboard.notices import finding
from headroom.audit.finding import Finding
from headroom.units import format_duration

_DUE = 65  # minutes: an audit is made every hour, and takes its time


def without(config: Path, source: str, holds: str) -> None:
    """Say that there is no audit yet, and what makes one; `holds` says what it is held against."""
    st.html(
        f'<p class="hr-said" data-empty="audit">No audit yet: it holds {holds}. <code>headroom run</code> '
        "makes one a minute after its start and then every hour; this shows the findings at once:</p>"
    )
    st.code(findings.command(config, source), language="bash", wrap_lines=True)


def draw(ones: Sequence[Finding], at: datetime) -> None:
    """Draw findings of an audit that was made at a moment; those that need nothing are folded."""
    now = data.now()
    minutes = int((now - at).total_seconds() // 60)
    age = f"{format_duration(timedelta(minutes=minutes))} ago" if minutes > 0 else "just now"
    late = (
        ""
        if minutes < _DUE
        else (
            "; the next one is overdue: <code>headroom run</code> makes it once the polls of this source work"
        )
    )
    st.html(
        f"{findings.summary(ones)}"
        f'<p class="hr-said">Audited {age}, at {visitor.clock(at, now, visitor.zone())}{late}; '
        "<code>headroom audit</code> looks now. Headroom changes nothing: what mends a finding is for a "
        "person to read and run.</p>"
    )
    for state, some in findings.grouped(ones).items():
        if state in findings.FOLDED:
            st.expander(f"{len(some)} {state}").html(findings.brief(some, visitor.base()))
        else:
            for together in findings.alike(some):
                finding(*together)
