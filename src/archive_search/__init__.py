"""Capture district portals faithfully, find what was said in Vietnamese, cite it for ever."""

__version__ = "0.1.0"
