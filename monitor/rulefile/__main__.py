"""Print the JSON Schema of a pack: `python -m monitor.rulefile > rules/pack.schema.json`."""

import sys

from monitor.rulefile.schema import schema_text

sys.stdout.write(schema_text())
