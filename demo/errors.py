"""Why the demo cannot start or cannot go on, each with the exit code that the command ends with."""


class DemoError(Exception):
    """The demo cannot go on; the message says what happened and what to do. Exit code 1."""

    exit_code = 1


class OptionError(DemoError):
    """The command was given something that it cannot use. Exit code 2."""

    exit_code = 2


class MissingServerError(DemoError):
    """A server program is not installed. Exit code 3."""

    exit_code = 3
