"""`python -m monitor` is `metalwatch`."""

from monitor.cli import main

main()
