"""The agent loop: ask the model, run the tool that it names, show it the result, until it answers."""
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    tool: str
    argument: str
    result: str

    def as_dict(self):
        return {"tool": self.tool, "argument": self.argument, "result": self.result}


@dataclass(frozen=True)
class Answer:
    text: str
    steps: tuple[Step, ...]


class Agent:
    """The model answers in JSON: {"tool": NAME, "argument": TEXT} or {"answer": TEXT}."""

    def __init__(self, model, tools, config):
        self.model, self.tools, self.config = model, tools, config

    def _system(self):
        lines = [f"- {name}: {tool.__doc__}" for name, tool in sorted(self.tools.items())]
        return "\n".join([self.config.prompt, "Answer in JSON, {\"tool\":...,\"argument\":...} or {\"answer\":...}. Tools:", *lines])

    def _use(self, name, argument):
        if name not in self.tools:
            return f"error: there is no tool {name}"
        try:
            return self.tools[name](argument)
        except Exception as error:  # the model reads it and tries something else
            return f"error: {error}"

    def run(self, question: str) -> Answer:
        messages = [{"role": "system", "content": self._system()}, {"role": "user", "content": question}]
        steps = []
        for _ in range(self.config.max_steps):
            text = self.model(messages)
            try:
                wish = json.loads(text)
            except json.JSONDecodeError:
                return Answer(text, tuple(steps))
            if "answer" in wish:
                return Answer(str(wish["answer"]), tuple(steps))
            name, argument = str(wish.get("tool", "")), str(wish.get("argument", ""))
            steps.append(Step(name, argument, self._use(name, argument)))
            messages += [{"role": "assistant", "content": text}, {"role": "user", "content": steps[-1].result}]
        return Answer("I could not find an answer.", tuple(steps))
