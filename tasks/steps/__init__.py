"""The work of each build step as plain functions; the module of the same name one level up makes it a Prefect task."""
