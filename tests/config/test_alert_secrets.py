"""Addresses, keys, passwords, headers and tokens of `alerts:` and `serve:` are neither stored nor printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom.config import ConfigError, load

HERE = Path(__file__).parent
EVERYTHING = (HERE / "alerts.yaml").read_text().replace("ca: alerts.yaml", "ca: budgets.yaml")
POISON = "p0ison"
ENV = {"TOKEN": "p0ison-p0ison-p0ison"}
KEYS = 'headers: {Authorization: "<secret>", X-Team: "<secret>"}'


def written(text: str, folder: Path) -> Path:
    """Write a file."""
    path = folder / "budgets.yaml"
    path.write_text(text)
    return path


def test_what_is_stored(tmp_path: Path) -> None:
    """Every secret is hidden, and all that is none stays readable."""
    config = load(written(EVERYTHING, tmp_path), ENV)
    assert POISON not in config.text
    assert POISON not in f"{config!r} {config.alerting!r}"
    assert 'pager: {kind: pagerduty, routing_key: "<secret>", url: "https://<secret>"' in config.text
    assert 'chat: {kind: slack, url: "https://<secret>", at_most: "5 per 1m", timeout: 3s}' in config.text
    assert 'urls: ["https://<secret>", "https://<secret>"]' in config.text
    assert 'phone: {kind: apprise, url: "ntfy://<secret>"}' in config.text
    assert 'serve: {listen: "[::]:9464", token: "${TOKEN}"}' in config.text
    assert KEYS in config.text
    before, after = EVERYTHING.splitlines(), config.text.splitlines()
    changed = [old for old, new in zip(before, after, strict=True) if old != new]
    assert all(POISON in line or "pagerduty" in line for line in changed)


@pytest.mark.parametrize(
    "line",
    [
        "# chat: {kind: slack, url: https://hooks.example.org/T0/p0ison}",
        "  # url: 'https://hooks.example.org/p0 ison'",
        '#   urls: ["https://am.example.org/p0ison", "https://am.example.org/p0ison"]',
        "# pager: {kind: pagerduty, routing_key: p0isonp0ison}",
        "#serve: {token: p0ison}",
        "# hook: {secret: 'p0 ison'}",
        "#     - https://am.example.org/p0ison",
        "# https://hooks.example.org/p0ison is the old one",
        '# hook: {headers: {Authorization: "Basic p0ison"}}',
        "# phone: {kind: apprise, url: tgram://p0ison/1}",
    ],
)
def test_what_was_commented_out(line: str, tmp_path: Path) -> None:
    """A channel that was taken out of use leaves nothing of itself but its lines."""
    config = load(written(f"{EVERYTHING}{line}\n", tmp_path), ENV)
    assert "p0" not in config.text
    assert config.text.splitlines()[-1].strip() == "#"


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("port: 2525", "port: 2525  # was p0ison", "port: 2525  #"),
        ("name: production", "name: >-  # p0ison\n    production # 1", "production # 1"),
        ("comment: pg_basebackup", "comment: 'its # 2' # p0ison", "'its # 2' #"),
        ("user: headroom", "user: &u p0ison", 'password: "<secret>"'),
        (
            "user: headroom\n      password: p0ison",
            "user: &u p0ison\n      password: *u",
            'user: &u "<secret>"',
        ),
        ("name: production", "name: p0ison", 'name: "<secret>"'),
        ("comment: pg_", "comment: https://example.org/p0ison #", 'comment: "https://<secret>" #'),
    ],
)
def test_what_stands_elsewhere(before: str, after: str, kept: str, tmp_path: Path) -> None:
    """Behind a value, before an alias, or written a second time: a secret is one wherever it stands."""
    assert before in EVERYTHING
    config = load(written(EVERYTHING.replace(before, after), tmp_path), ENV)
    assert POISON not in config.text
    assert kept in config.text
    assert len(config.text.splitlines()) == len(EVERYTHING.replace(before, after).splitlines())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("kind: pagerduty", "kind: pagerduti"),
        ("kind: slack, url", "kind: slack, address"),
        ("p0ison01,", "p0ison,"),
        ("kind: slack, url: ", "kind: slack, url: p0ison-"),
        ("    chat: {kind: slack, url: ", "    chat: p0ison #"),
        ("heartbeat: {url: ", "heartbeat: p0ison #"),
        ("headers: {Authorization: Bearer p0ison,", 'headers: {Authorization: "p0ison\\n",'),
        ("password: p0ison", "password: [p0ison]"),
        ("password: p0ison", 'password: "p0ison\\n"'),
        ('secret: "p0ison"', "secret: {p0ison: p0ison}"),
        ("https://u:p0ison@am1.example.org/", "https://u:p0ison@am1.example.org/#p0ison"),
        ("https://u:p0ison@am1.example.org/", "p0ison"),
        ("ntfy://", "ntfy p0ison"),
        ("${TOKEN}", "${TOKEN}p0ison p0ison"),
        ("host: mail.example.org", 'host: "${TOKEN}!"'),
        ("on-call@example.org", "${TOKEN}"),
        ("production", '"${TOKEN}\\n"'),
        ("https://headroom.example.org/", "${TOKEN}"),
        ("Europe/Berlin\n", '"${TOKEN}"\n'),
        ("FREQ=WEEKLY;BYDAY=SU", "${TOKEN}"),
        ("2026-11-22 02:00", "${TOKEN}"),
        ("[Team Database]", '["${TOKEN}"]'),
        ("owner: Team Database", 'owner: "${TOKEN}"'),
        ('"5 per 1m"', '"${TOKEN}"'),
        ("fallback: chat", "fallback: '${TOKEN}'"),
        ('"[::]:9464"', "'${TOKEN}'"),
    ],
)
def test_what_is_printed(before: str, after: str, tmp_path: Path) -> None:
    """Whatever is wrong, no message repeats a secret, or what a reference stands for."""
    assert before in EVERYTHING
    with pytest.raises(ConfigError) as refused:
        load(written(EVERYTHING.replace(before, after), tmp_path), ENV)
    error = refused.value
    said = f"{error} {error!r} {error.args} {error.problems}"
    assert POISON not in said.replace(str(tmp_path), "")  # the folder is called after the parameters
