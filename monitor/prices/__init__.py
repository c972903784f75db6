"""Where prices come from: one protocol (`source`) and one module per kind of source."""
