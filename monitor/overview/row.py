"""What every row is."""

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Row(BaseModel):
    """Something that is shown: a frozen value, and its own documentation in the API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def plain(self) -> dict[str, Any]:
        """It as JSON has it."""
        return self.model_dump(mode="json")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema with what is written below each field; pydantic would read that from the source at each start."""
        schema = handler(core)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for one in reversed(cls.__mro__):
            if issubclass(one, Row):
                for name, text in _written_below(one):
                    properties[name]["description"] = text
        return schema


def _written_below(model: type[Row]) -> list[tuple[str, str]]:
    """The fields of a class, each with the text below it."""
    (written,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    pairs = pairwise(written.body) if isinstance(written, ast.ClassDef) else ()
    return [
        (field.target.id, inspect.cleandoc(below.value.value))
        for field, below in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    ]
