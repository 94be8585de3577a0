"""How a Prometheus is logged in to, out of the file: what it means, and that its secrets stay secrets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from headroom.config import Config, ConfigError, load
from headroom.sources import Access, Secret, Source
from monitor.feeds import feeds

GOOD = (Path(__file__).parent / "good.yaml").read_text()
URL = '"http://127.0.0.1:9090"}'
POISON = "p0ison"


def written(folder: Path, more: str, *, url: str = "http://127.0.0.1:9090") -> Path:
    """Write the good file with more about its Prometheus."""
    assert URL in GOOD
    path = folder / "budgets.yaml"
    path.write_text(GOOD.replace(URL, f'"{url}", {more}}}'))
    return path


def metrics(config: Config) -> Source:
    """Return the Prometheus of a configuration."""
    return next(source for source in config.sources if source.name == "metrics")


@pytest.mark.parametrize(
    ("more", "meant"),
    [
        ("auth: {}, headers: {}, tls: {}", Access()),
        ("auth: , headers: , tls: ", Access()),
        ('auth: {user: ann, password: "${PW}"}', Access(user="ann", password=Secret("s3cret"))),
        ('auth: {bearer: "${PW}"}', Access(bearer=Secret("s3cret"))),
        ('headers: {X-Scope-OrgID: "org-${PW}"}', Access(headers={"X-Scope-OrgID": Secret("org-s3cret")})),
    ],
)
def test_what_the_blocks_mean(more: str, meant: Access, tmp_path: Path) -> None:
    """Each way to log in, with its secret from outside."""
    assert metrics(load(written(tmp_path, more), {"PW": "s3cret"})).access == meant


def test_paths_start_from_the_file(tmp_path: Path) -> None:
    """Certificates lie beside the file, or in a folder; a token may come later."""
    (tmp_path / "client.pem").write_text("a certificate and a key")
    (tmp_path / "authorities").mkdir()
    more = "auth: {bearer_file: later/token}, tls: {ca: authorities, cert: client.pem, key: client.pem}"

    config = load(written(tmp_path, more, url="https://127.0.0.1:9090"), {})

    client = tmp_path / "client.pem"
    assert metrics(config).access == Access(
        bearer_file=tmp_path / "later/token", ca=tmp_path / "authorities", cert=client, key=client
    )


@pytest.mark.parametrize(
    "more",
    [
        "auth: {user: ann, password: p0ison}",
        'auth: {"bearer": "p0ison"}',
        "headers: {X-Api-Key: p0ison, X-Scope-OrgID: 'p0ison'}",
    ],
)
def test_a_literal_secret_is_kept_nowhere(more: str, tmp_path: Path) -> None:
    """Neither the text that the history keeps nor any record's own words hold it; comments included."""
    path = written(tmp_path, more)
    path.write_text(f"#  auth: {{user: bob, password: p0ison}}  # or bearer: 'p0ison'\n{path.read_text()}")
    config = load(path, {})

    assert POISON not in f"{config.text} {config!r} {metrics(config)!r} {metrics(config).access}"
    assert config.text.splitlines()[0] == "#"
    assert config.text.count("<secret>") == more.count(POISON)


def test_a_secret_over_several_lines_leaves_the_text_in_order(tmp_path: Path) -> None:
    """A token folded into a block is hidden as a whole, and the next line stays a line."""
    path = tmp_path / "budgets.yaml"
    block = (
        "  metrics:\n    auth:\n      bearer: >-\n        p0ison\n    kind: prometheus\n    url: http://h\n"
    )
    path.write_text(GOOD.replace('  metrics: {kind: prometheus, url: "http://127.0.0.1:9090"}\n', block))

    config = load(path, {})

    assert metrics(config).access.bearer == Secret(POISON)
    assert POISON not in config.text
    assert '      bearer: "<secret>"\n    kind: prometheus\n' in config.text


def test_references_are_kept_as_they_are_written(tmp_path: Path) -> None:
    """They are no secret, and tell a reader where the secret comes from."""
    more = 'auth: {user: ann, password: "${PW}"}, headers: {X-Scope-OrgID: "${file:org}"}'
    (tmp_path / "org").write_text(POISON)
    path = written(tmp_path, f"  # password: ${{OLD}}\n  {more}")

    assert load(path, {"PW": POISON}).text == path.read_text().replace("# password: ${OLD}", "#")


@pytest.mark.parametrize(
    "more",
    [
        "auth: p0ison",
        "auth: [p0ison]",
        "auth: {user: ann, password: [p0ison]}",
        "auth: {user: ann, password: {p0ison: p0ison}}",
        'auth: {user: ann, password: "p0ison\\t"}',
        "auth: {bearer: p0ison p0ison}",
        "auth: {bearer: p0ison, bearer_file: token}",
        "auth: {password: p0ison, password: p0ison}",
        "headers: p0ison",
        "headers: {X-A: [p0ison]}",
        'headers: {X-A: "p0ison\\n"}',
        "headers: {X-A: p0ison, x-a: p0ison}",
        "headers: {Cookie: p0ison}",
    ],
)
def test_no_message_shows_a_literal_secret(more: str, tmp_path: Path) -> None:
    """Whatever is wrong with a password, a token or a header, its value is not repeated."""
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, more), {})

    assert POISON not in str(refused.value).replace("p0ison: found an unknown key", "")
    assert "metrics" in str(refused.value)


def test_another_tenant_is_another_source_and_another_login_is_not(tmp_path: Path) -> None:
    """What was kept of one tenant is no start for a difference with the next; passwords may change."""

    def meaning(access: Access) -> str:
        config = load(written(tmp_path, "every: 15s"), {})
        sources = tuple(
            replace(source, access=access) if source.name == "metrics" else source
            for source in config.sources
        )
        kept = next(f for f in feeds(replace(config, sources=sources)) if f.source.name == "metrics").meaning
        assert POISON not in kept
        return kept

    plain = meaning(Access())
    tenant = meaning(Access(headers={"X-Scope-OrgID": Secret(POISON)}))

    assert meaning(Access(user="ann", password=Secret(POISON))) == plain
    assert meaning(Access(bearer=Secret(POISON), ca=tmp_path)) == plain
    assert meaning(Access(headers={"x-scope-orgid": Secret(POISON)})) == tenant
    assert len({plain, tenant, meaning(Access(headers={"X-Scope-OrgID": Secret("other")})),
                meaning(Access(headers={"AccountID": Secret(POISON)}))}) == 4  # fmt: skip
