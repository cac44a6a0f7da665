"""config.toml ─► Config."""
import os
import tomllib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ModelConfig:
    name: str = "gpt-4o-mini"
    url: str = "https://api.openai.com/v1/chat/completions"
    key_variable: str = "OPENAI_API_KEY"
    temperature: float = 0.0

    @property
    def key(self) -> str:
        return os.environ.get(self.key_variable, "")


@dataclass(frozen=True)
class Config:
    model: ModelConfig = field(default_factory=ModelConfig)
    max_steps: int = 6
    prompt: str = "Answer the question. Use a tool when it helps."


def load(path: str) -> Config:
    with open(path, "rb") as file:
        data = tomllib.load(file)
    return Config(
        model=ModelConfig(**data.get("model", {})),
        max_steps=data.get("agent", {}).get("max_steps", Config.max_steps),
        prompt=data.get("agent", {}).get("prompt", Config.prompt),
    )
