"""The one family of exceptions that this package raises on purpose."""

from __future__ import annotations


class DiscoError(Exception):
    """Something failed: the message says what was expected, what was found, where, and what to do.

    The command line prints the message without a traceback and exits with ``exit_code``.
    """

    exit_code = 1


class InputError(DiscoError):
    """What the user gave (a file, a flag, a name) cannot be used as it is."""

    exit_code = 2
