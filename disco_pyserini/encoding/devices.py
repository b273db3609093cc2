"""Torch devices by name."""

from __future__ import annotations

import torch

from disco_pyserini.errors import InputError


def resolve_device(name: str | None) -> torch.device:
    """Return the torch device with a name; by default the first GPU, or the CPU if there is no GPU.

    Raises:
        InputError: torch does not know the device, or cannot use it on this machine.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        usable = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        reason = str(problem).strip().splitlines()[0].partition(". ")[0]
        raise InputError(
            f"cannot use the device {name!r}: expected one of {', '.join(usable)} on this machine (torch: {reason})"
        ) from problem
    return device
