"""The tags in comments."""

from __future__ import annotations

import pytest

from collectors.postgres.tags import tags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", {}),
        ("SELECT 1 /*controller='users',route='%2Fu%2F%3Aid'*/", {"controller": "users", "route": "/u/:id"}),
        ("SELECT 1 /* controller:users,action:index */", {"controller": "users", "action": "index"}),
        ("/* app=erp */ SELECT 1 -- job:nightly\n", {"app": "erp", "job": "nightly"}),
        ("SELECT 1 /* name='it\\'s', name='second' */", {"name": "it's"}),
        ("SELECT 1 /* the users of a tenant */", {}),
        ("SELECT '/* controller:users */', \"/* a:b */\"", {}),
        ("SELECT 'open /* controller:users */", {}),
        ("SELECT 1 /* controller:users", {}),
        (f"SELECT 1 /* a:{'x' * 300} */", {"a": "x" * 200}),
        ("SELECT 1 /* " + "a:b," * 2_000 + " */", {}),
        ("SELECT 1 /* " + ",".join(f"t{number}:x" for number in range(40)) + " */",
         {f"t{number}": "x" for number in range(20)}),
    ],
)  # fmt: skip
def test_tags(text: str, expected: dict[str, str]) -> None:
    """Both spellings are read, in comments only, and no more of them than anybody needs."""
    assert tags(text) == expected
