"""Recipes for baseline runs: their commands, expected scores and reports."""
