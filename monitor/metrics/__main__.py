"""Write the reference page of the catalogue to standard output."""

import sys

from monitor.metrics import reference_page

sys.stdout.write(reference_page())
