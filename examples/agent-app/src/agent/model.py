"""A model answers a list of messages with one message. ScriptedModel is for tests."""
import json
import urllib.request


class HttpModel:
    """Any service that speaks the chat completions protocol."""

    def __init__(self, config):
        self.config = config

    def __call__(self, messages):
        body = {"model": self.config.name, "temperature": self.config.temperature, "messages": messages}
        request = urllib.request.Request(
            self.config.url,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.config.key}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["choices"][0]["message"]["content"]


class ScriptedModel:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.seen = []

    def __call__(self, messages):
        self.seen.append(list(messages))
        return self.answers.pop(0)
