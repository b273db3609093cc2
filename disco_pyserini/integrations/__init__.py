"""Retrievers and tasks for the libraries that users already have, one module and one extra for each."""
