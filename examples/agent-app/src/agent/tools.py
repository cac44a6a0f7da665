"""The tools that the model may call: plain functions from text to text."""
import ast
import datetime
import operator

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
}


def calculate(expression: str) -> str:
    """Arithmetic with + - * / and parentheses: calculate("2 * (3 + 4)")."""

    def value(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](value(node.operand))
        raise ValueError(f"not arithmetic: {expression}")

    return str(value(ast.parse(expression, mode="eval").body))


def today(_: str = "") -> str:
    """The date of today, as 2026-01-31, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def words(text: str) -> str:
    """How many words a text has."""
    return str(len(text.split()))


TOOLS = {tool.__name__: tool for tool in (calculate, today, words)}
