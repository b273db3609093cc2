"""Recipes of baseline runs: their commands, the scores that these reach, and reports about both."""
