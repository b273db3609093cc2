"""Serving indexes over HTTP (``disco serve``) and MCP (``disco mcp``)."""
