"""The JSON Schema of a pack, for editors: made from the model that reads the files."""

import json

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from monitor.rulefile.model import PackFile


class _Plain(GenerateJsonSchema):
    """A key is its own title."""

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:  # noqa: ARG002
        return False


def schema_text() -> str:
    """The schema as `rules/pack.schema.json` holds it."""
    schema = {
        "$schema": GenerateJsonSchema.schema_dialect,
        **PackFile.model_json_schema(schema_generator=_Plain),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
