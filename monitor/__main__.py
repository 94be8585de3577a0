"""`python -m monitor` is `headroom`."""

from monitor.cli import main

main()
