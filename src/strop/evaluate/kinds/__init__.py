"""The measures by kind of answer, each with its formula, its source and a worked example."""
