"""The history of the schema, one revision per file; alembic reads this folder, nobody else does."""
