"""Steps of the agent."""
