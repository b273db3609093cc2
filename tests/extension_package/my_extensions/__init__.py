"""One extension of each kind for disco-pyserini; docs/extending.md explains them."""
