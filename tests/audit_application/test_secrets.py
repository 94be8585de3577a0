"""Nothing that is secret in URLs, bodies, headers and labels is in any finding."""

from __future__ import annotations

import json
from datetime import timedelta

from collectors.http import knock
from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.facts import Breaker, Container
from headroom.audit.application.rules import APPLICATION
from headroom.policies import Application, Policies
from headroom.sources import Secret
from tests.audit_application.application import Page, page, serving
from tests.audit_application.cases import NOW, told

SECRET = "Xq7-Zebra.planted/word"


async def test_planted_secrets_are_in_no_finding() -> None:
    """Of the body, its keys, the redirect, the headers, the parameters and the login nothing is shown."""
    planted = {
        "status": SECRET,
        SECRET: {"status": "down"},
        "cache": {"status": "up", "error": SECRET},
        "database": SECRET,
    }
    url = "http://me:Xq7-Zebra.planted%2Fword@{}"
    with serving(
        health_live=page(planted, headers={"X-Secret": SECRET}),
        health_ready=page({**planted, "Zebra.planted": "up"}, status=503),
        rows=Page(SECRET.encode() * 500, headers={"Content-Encoding": SECRET}),
        away=Page(b"", 302, {"Location": f"http://me:{SECRET}@Zebra.planted.example/{SECRET}"}),
    ) as app:
        paths = ("/rows", f"/plain?token={SECRET}", "/away")
        application = Application(Secret(url.format(app.place)), payloads=paths, timeout=timedelta(seconds=2))
        doors = await knock(application, NOW)
    metrics = told(containers=(Container("a\x1b[31m\n" * 99, "app"),), breakers=(Breaker("b\n" * 99, 1),))
    case = ApplicationCase(Policies(application=application), doors=doors, metrics=(metrics,))
    findings = [finding for rule in APPLICATION for finding in rule(case)]
    words = json.dumps([[one.found, one.fix, one.guide, one.subject] for one in findings])

    assert len(findings) > 12
    assert "Zebra" not in words
    assert "planted" not in words
    assert all(sign.isprintable() or sign == "\n" for one in findings for sign in one.found + one.fix)
    assert not any("\n" in text for one in findings for _, text in one.subject)
    assert "Zebra" not in repr(doors).replace(f"token={SECRET}", "")


def test_every_rule_answers_even_where_nothing_is_known() -> None:
    """An empty case gives a line for each rule, and none passes."""
    case = ApplicationCase(Policies())
    for rule in APPLICATION:
        findings = list(rule(case))
        assert findings
        assert all(one.state in {"cannot check", "not applicable"} and one.guide for one in findings)
