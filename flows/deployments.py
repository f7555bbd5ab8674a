"""What prefect.yaml deploys: a nightly rebuild of one recipe, also started when raw data is reported as changed."""

from typing import Any

from flows.build import build
from flows.orchestrate import as_flow


@as_flow
def nightly(recipe: str = "market1501", raw: str = "raw", store: str = "store", remote: str = "store/published") -> Any:
    """Rebuild and publish; steps whose inputs did not change are skipped, and the same version is published once."""
    outcome: Any = build(recipe, raw, store, remote, quiet=True)
    built, published = outcome
    return {"version": published.version, "digest": published.digest, "families": sorted(built.composed)}
