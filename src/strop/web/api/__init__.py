"""The HTTP interface for applications: OpenAI-compatible answers, feedback, health, metrics."""
