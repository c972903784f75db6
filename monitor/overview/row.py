"""What every row is."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """Something that is shown: a frozen value, and its own documentation in the API."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @property
    def plain(self) -> dict[str, Any]:
        """It as JSON has it."""
        return self.model_dump(mode="json")
