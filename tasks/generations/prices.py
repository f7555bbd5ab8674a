"""The price table of a build: a YAML file (schemas/prices.py), or the one that stands in the recipe."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.errors import WrongUse
from schemas.prices import Prices


def load_prices(path: Path | None, otherwise: Prices | None = None) -> Prices:
    """The price table of a file; for None `otherwise`, or an empty one. Raises WrongUse for what is no price table."""
    if path is None:
        return otherwise or Prices()
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Prices.model_validate(raw)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise WrongUse(f"The price table {str(path)!r} cannot be used:", problems) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise WrongUse(f"The price table {str(path)!r} cannot be read as YAML: {reason}.") from error
