"""Recipes of baseline runs: their commands, their expected scores, and reports about both."""
