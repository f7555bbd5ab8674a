"""What models cost, as people write it: prices per million tokens, by name or by the start of a name.

    currency: USD
    models:
      gpt-4o-mini: {prompt: 0.15, completion: 0.60}
      "Qwen/*": {prompt: 0, completion: 0, per_hour: 2.5}

`per_hour` is what a rented server costs while it works; a plan adds it by the time it expects.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Price = Annotated[float, Field(ge=0, le=1_000_000)]


class Price(BaseModel):
    """Prices of one model: per million prompt and completion tokens, and per hour of a rented server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: _Price = 0.0
    completion: _Price = 0.0
    per_hour: _Price = 0.0

    def cost(self, prompt_tokens: float, completion_tokens: float, seconds: float = 0.0) -> float:
        """The price of some tokens, and of a server for some seconds."""
        tokens = (self.prompt * prompt_tokens + self.completion * completion_tokens) / 1e6
        return tokens + self.per_hour * seconds / 3_600


class Prices(BaseModel):
    """A price table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Annotated[str, Field(max_length=12)] = "USD"
    models: dict[str, Price] = Field(default_factory=dict)

    def of(self, model: str) -> Price | None:
        """The price of a model: by its name, or by the longest `start*` of it; None when the table has none."""
        if model in self.models:
            return self.models[model]
        starts = [name for name in self.models if name.endswith("*") and model.startswith(name[:-1])]
        return self.models[max(starts, key=len)] if starts else None

    def cost(self, model: str, prompt_tokens: float, completion_tokens: float, seconds: float = 0.0) -> float | None:
        """What tokens of a model and its server's time cost, in the table's currency; None without a price."""
        price = self.of(model)
        return price.cost(prompt_tokens, completion_tokens, seconds) if price else None
