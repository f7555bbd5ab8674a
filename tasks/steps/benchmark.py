"""Members of the benchmark protocols of a version."""

from tasks.steps.protocols import protocols as benchmark

__all__ = ["benchmark"]
