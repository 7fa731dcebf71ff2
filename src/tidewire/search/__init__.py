"""Search in every language: texts to terms, questions to terms. Pure; store/ keeps the index."""
