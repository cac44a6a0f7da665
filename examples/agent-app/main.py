"""The service: POST /ask answers a question, GET /health says that it is up."""
from fastapi import FastAPI
from pydantic import BaseModel

from src.agent.config import load
from src.agent.loop import Agent
from src.agent.model import HttpModel
from src.agent.tools import TOOLS

app = FastAPI(title="little agent")
config = load("config.toml")
agent = Agent(HttpModel(config.model), TOOLS, config)


class Question(BaseModel):
    text: str


@app.get("/health")
def health():
    return {"status": "ok", "model": config.model.name}


@app.post("/ask")
def ask(question: Question):
    answer = agent.run(question.text)
    return {"answer": answer.text, "steps": [step.as_dict() for step in answer.steps]}
