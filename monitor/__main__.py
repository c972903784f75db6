"""`python -m monitor` is `metalwatch`; processes that a sweep starts read this file again and do not begin anew."""

from monitor.cli import main

if __name__ == "__main__":
    main()
