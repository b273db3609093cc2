"""The English encoders: where their training text comes from."""
