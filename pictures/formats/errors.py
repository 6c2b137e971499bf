"""Errors of the readers of image files."""

from __future__ import annotations


class BadFile(ValueError):
    """A file that cannot be read; the text is the reason, and contains no value from the file."""
