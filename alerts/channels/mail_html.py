"""The words of a mail as HTML: nothing is loaded, nothing runs; for phones, and for dark screens."""

from __future__ import annotations

from html import escape

from alerts.channels.plain import web_address
from alerts.rendered import Rendered

_COLOURS = {"critical": "#c62828", "warning": "#b26a00", "good": "#2e7d32", "": "#546e7a"}
"""Each is told apart from white and from black: mail programs turn the background as they like."""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ background: #ffffff; color: #1a1a1a; }}
a {{ color: #1155cc; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #121212; color: #e8e8e8; }}
  a {{ color: #8ab4f8; }}
}}
</style>
</head>
<body style="margin:0;padding:12px;font:16px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif">
<div style="max-width:600px;margin:0 auto;border-left:4px solid {colour};padding-left:12px;\
overflow-wrap:anywhere;word-break:break-word">
<h1 style="font-size:18px;line-height:1.3;margin:0 0 12px">{title}</h1>
{body}
</div>
</body>
</html>
"""


def as_html(words: Rendered) -> str:
    """Return the page for words that are bounded already; every text in it is escaped here."""
    body = [f'<p style="margin:0 0 8px">{escape(line)}</p>' for line in words.lines]
    body += _leads(words)
    if words.facts:
        rows = (_row(name, value) for name, value in words.facts)
        body += ['<table role="presentation" style="border-collapse:collapse;font-size:14px">', *rows]
        body += ["</table>"]
    colour = _COLOURS["good"] if words.good else _COLOURS.get(words.severity, _COLOURS[""])
    return _PAGE.format(title=escape(words.title), colour=colour, body="\n".join(body))


def _leads(words: Rendered) -> list[str]:
    leads = []
    if words.link:
        leads.append(_anchor(words.link, "Open in the dashboard"))
    if web_address(words.runbook):
        leads.append(_anchor(words.runbook, "Runbook"))
    elif words.runbook:
        leads.append(f"Runbook: {escape(words.runbook)}")
    return [f'<p style="margin:12px 0">{" · ".join(leads)}</p>'] if leads else []


def _anchor(address: str, text: str) -> str:
    return f'<a href="{escape(address)}">{text}</a>'


def _row(name: str, value: str) -> str:
    top = "vertical-align:top;padding:2px 0"
    return (
        f'<tr><td style="{top};padding-right:12px;white-space:nowrap">{escape(name)}</td>'
        f'<td style="{top}">{escape(value)}</td></tr>'
    )
