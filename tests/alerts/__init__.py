"""What on-call is told, and that it arrives."""

import pytest

pytest.register_assert_rewrite("tests.alerts.table")
