"""`${NAME}` and `${file:PATH}`: what they stand for, and that nobody gets to see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom.config import Config, ConfigError, load

GOOD = (Path(__file__).parent / "good.yaml").read_text()
POSTGRES = '"postgresql://headroom@127.0.0.1/erp"'
POISON = "p0ison"


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the good file with changes."""
    text = GOOD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / "budgets.yaml"
    path.write_text(text)
    return path


def url_of(config: Config, name: str) -> str | None:
    """Return the address of a source."""
    url = next(source.url for source in config.sources if source.name == name)
    return None if url is None else url.reveal()


def test_a_variable_in_part_of_a_text(tmp_path: Path) -> None:
    """Variables are put in wherever they stand, any number of them."""
    path = written(
        tmp_path, (POSTGRES, '"postgresql://${USER}:${PW}@127.0.0.1/erp"'), ("Login", "Login of ${TEAM}")
    )
    config = load(path, {"USER": "headroom", "PW": "a${b}c", "TEAM": "blue"})
    assert url_of(config, "erp-db") == "postgresql://headroom:a${b}c@127.0.0.1/erp"
    assert config.budgets[0].title == "Login of blue"


@pytest.mark.parametrize("env", [{}, {"HEADROOM_POSTGRES_URL": ""}])
def test_a_source_that_is_not_configured(env: dict[str, str], tmp_path: Path) -> None:
    """A source whose address is one variable that is not set, or empty, is not configured: no error."""
    config = load(written(tmp_path, (POSTGRES, '"${HEADROOM_POSTGRES_URL}"')), env)
    assert [(source.name, source.unset) for source in config.sources if source.url is None] == [
        ("erp-db", "HEADROOM_POSTGRES_URL")
    ]


def test_a_secret_in_a_file(tmp_path: Path) -> None:
    """A file's text is taken without the blanks around it; its path starts from the file's folder."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "redis").write_text("\n redis://:x@127.0.0.1:6379 \n")
    path = written(tmp_path, ('"redis://127.0.0.1:6379"', '"${file:secrets/redis}"'))
    assert url_of(load(path, {}), "erp-cache") == "redis://:x@127.0.0.1:6379"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"x" * 70_000, "larger than 64 KiB"),
        (b"\xff" + POISON.encode(), "not UTF-8"),
        (b" \n", "empty"),
    ],
)
def test_a_secret_file_that_is_no_secret(content: bytes, what: str, tmp_path: Path) -> None:
    """A file that is too long, no text, or empty is refused without a word of it."""
    (tmp_path / "secret").write_bytes(content)
    path = written(tmp_path, ('"redis://127.0.0.1:6379"', '"${file:secret}"'))
    with pytest.raises(ConfigError) as refused:
        load(path, {})
    assert f'sources.erp-cache.url: found "${{file:secret}}", but the file is {what}; allowed: ' in str(
        refused.value
    )
    assert POISON not in str(refused.value)


def test_a_plain_dollar_brace(tmp_path: Path) -> None:
    """A doubled dollar stands for one, and a single dollar means nothing."""
    config = load(written(tmp_path, ("Login", "$${NAME} costs 5$")), {})
    assert config.budgets[0].title == "${NAME} costs 5$"


REPLACED = (
    ("title: Login", 'title: "' + 90 * "${POISON}" + '"'),
    ("id: api.login", 'id: "${POISON}!"'),
    ("max: 200ms", 'max: "${POISON}"'),
    ("p95", '"${POISON}"'),
    ("class: endpoints.login", 'class: "${POISON}"'),
    ("source: metrics", 'source: "${POISON}"'),
    ("histogram: http_request_duration_seconds", 'histogram: "${POISON}-"'),
    (POSTGRES, '"${POISON}"'),
    (POSTGRES, '"mysql://u:${POISON}@127.0.0.1/erp"'),
    ('"http://127.0.0.1:9090"', '"http://127.0.0.1:${POISON}"'),
    ('"http://127.0.0.1:9090"', '"${file:poison}"'),
    ("kind: redis", 'kind: "${POISON}"'),
    ("method: POST", 'method: "${POISON}"'),
    ("path: /auth/login", 'path: "${POISON}"'),
    ("{name: lookup}", '{name: "${POISON}"}'),
    ("{name: lookup}", '{name: lookup, patterns: "(${POISON}"}'),
    ("version: 1", 'version: "${POISON}"'),
    ("version: 1", 'version: 1\nhistory: "postgresql://${POISON}"'),
    ("    limits:", '    window: "${POISON}"\n    limits:'),
    ("    limits:", '    review_by: "${POISON}"\n    limits:'),
)


@pytest.mark.parametrize(("before", "after"), REPLACED)
def test_no_message_shows_what_a_reference_stands_for(before: str, after: str, tmp_path: Path) -> None:
    """Whatever is wrong with a value from outside, the message quotes the reference alone."""
    (tmp_path / "poison").write_text(POISON)
    path = written(tmp_path, (before, after))
    with pytest.raises(ConfigError) as refused:
        load(path, {"POISON": POISON})
    error = refused.value
    assert POISON not in f"{error} {error!r} {error.args} {error.problems}"
    assert "YAML" not in str(error)


@pytest.mark.parametrize(
    "secret",
    [
        "mysql://u:p0ison@127.0.0.1/erp",
        "p0ison",
        "p0ison${HOME}",
        "postgresql://u:p0ison@127.0.0.1/erp?password=p0ison",
        "postgresql://u:p0/is:on@127.0.0.1/p0ison",
    ],
)
def test_no_message_shows_a_literal_secret(secret: str, tmp_path: Path) -> None:
    """A password that stands in the file itself is not repeated either."""
    path = written(tmp_path, (POSTGRES, f'"{secret}"'), ("version: 1", "version: 2"))
    with pytest.raises(ConfigError) as refused:
        load(path, {"HOME": "x"})
    assert POISON not in str(refused.value)


def test_what_is_stored_holds_no_secret(tmp_path: Path) -> None:
    """The text that the history keeps hides literal passwords, webhook addresses, comments, and no more."""
    path = written(
        tmp_path,
        (POSTGRES, '"postgresql://headroom:p0/is@on:1@127.0.0.1:5432/erp?sslpassword=p0ison&a=b"'),
        ('"redis://127.0.0.1:6379"', '"redis://:${PW}@127.0.0.1:6379"'),
    )
    path.write_text(
        "# was redis://:p0ison@10.0.0.1\n"
        + path.read_text()
        + "alerts:\n  channels:\n    ops: {kind: webhook, url: https://example.org/T0/p0ison}\n"
        "    also: {kind: webhook, url: '${HOOK}'}\n"
        "  routes: [{channels: [ops, also]}]\n"
    )
    config = load(path, {"PW": POISON, "HOOK": "https://example.org/p0ison"})
    assert POISON not in config.text
    assert POISON not in repr(config)
    assert config.text.splitlines()[0] == "#"
    assert '"postgresql://headroom:<secret>@127.0.0.1:5432/erp?sslpassword=<secret>&a=b"' in config.text
    assert '"redis://:${PW}@127.0.0.1:6379"' in config.text
    assert 'ops: {kind: webhook, url: "https://<secret>"}\n' in config.text
    assert 'also: {kind: webhook, url: "${HOOK}"}\n' in config.text
    assert [channel.receiver.url.reveal() for channel in config.channels] == [
        "https://example.org/T0/p0ison",
        "https://example.org/p0ison",
    ]
