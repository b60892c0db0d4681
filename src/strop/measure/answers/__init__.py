"""How good answers are: labels, fields, entities, attributes, texts, probabilities."""
