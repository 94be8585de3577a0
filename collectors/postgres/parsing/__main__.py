"""The child process: `python -m collectors.postgres.parsing`."""

from collectors.postgres.parsing.child import main

main()
