"""python3 -m unittest: needs nothing but Python."""
import unittest

from src.agent.config import Config, load
from src.agent.loop import Agent
from src.agent.model import ScriptedModel
from src.agent.tools import TOOLS, calculate


class AgentTest(unittest.TestCase):
    def test_uses_a_tool_and_answers(self):
        model = ScriptedModel('{"tool": "calculate", "argument": "6 * 7"}', '{"answer": "It is 42."}')
        answer = Agent(model, TOOLS, Config()).run("What is six times seven?")
        self.assertEqual(answer.text, "It is 42.")
        self.assertEqual([step.result for step in answer.steps], ["42"])
        self.assertEqual(model.seen[1][-1]["content"], "42")

    def test_tells_the_model_what_went_wrong(self):
        model = ScriptedModel('{"tool": "fly", "argument": "home"}', '{"tool": "calculate", "argument": "x"}', "sorry")
        answer = Agent(model, TOOLS, Config()).run("Fly home")
        self.assertEqual(answer.text, "sorry")
        self.assertTrue(all(step.result.startswith("error: ") for step in answer.steps))

    def test_stops(self):
        model = ScriptedModel(*['{"tool": "today", "argument": ""}'] * 3)
        answer = Agent(model, TOOLS, Config(max_steps=3)).run("?")
        self.assertEqual(len(answer.steps), 3)


class ToolTest(unittest.TestCase):
    def test_calculate(self):
        self.assertEqual(calculate("2 * (3 + 4) - -1"), "15")
        self.assertEqual(calculate("1 / 4"), "0.25")
        with self.assertRaises(ValueError):
            calculate("__import__('os')")


class ConfigTest(unittest.TestCase):
    def test_load(self):
        self.assertEqual(load("config.toml").max_steps, 8)


if __name__ == "__main__":
    unittest.main()
