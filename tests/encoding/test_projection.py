"""Ruling entries of the vocabulary out in bfloat16 must not change what comes out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from disco_pyserini.encoding.projection import Projection

WIDTH, ENTRIES = 64, 1000


def head(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], len(weight), bias=bias is not None)
    layer.weight.data = weight
    if bias is not None:
        layer.bias.data = bias
    return layer


def everything(layer: nn.Linear, states: Tensor) -> Tensor:
    return torch.relu(nn.functional.linear(states, layer.weight, layer.bias).amax(dim=1)).detach()


@pytest.mark.parametrize("block", [1, 5000, 1 << 22])
@pytest.mark.parametrize("screen", [False, True])
@pytest.mark.parametrize("active", [0.0, 0.02, 0.9])
@torch.inference_mode()
def test_projection_gives_the_highest_logits(block: int, screen: bool, active: float) -> None:
    torch.manual_seed(0)
    states, weight = torch.randn(3, 40, WIDTH), torch.randn(ENTRIES, WIDTH)
    logits = (states @ weight.t()).amax(dim=1)
    layer = head(weight, -logits.flatten().quantile(1 - active).expand(ENTRIES).clone())
    highest = Projection(layer, block, screen).highest(states)
    torch.testing.assert_close(highest, everything(layer, states), atol=1e-5, rtol=1e-5)
    assert (highest > 0).float().mean().item() == pytest.approx(active, abs=0.001)


@torch.inference_mode()
def test_projection_of_a_head_without_bias() -> None:
    torch.manual_seed(0)
    layer, states = head(torch.randn(ENTRIES, WIDTH), None), torch.randn(2, 3, WIDTH)
    torch.testing.assert_close(Projection(layer, 1 << 20, True).highest(states), everything(layer, states))


@pytest.mark.parametrize("sign", [1, -1])
@torch.inference_mode()
def test_screening_keeps_a_logit_that_bfloat16_would_put_below_zero(sign: int) -> None:
    # Just under halfway between two bfloat16 numbers, so that each product loses as much as it can.
    number = 1 + 0.99 * 2**-8
    weight, bias = torch.full((ENTRIES, WIDTH), sign * number), torch.full((ENTRIES,), -1000.0)
    states = torch.full((1, 1, WIDTH), sign * number)
    bias[7] = -WIDTH * number**2 + 0.01
    rough = nn.functional.linear(states.bfloat16(), weight.bfloat16()).float() + bias
    assert rough[0, 0, 7].item() < -0.4
    [highest] = Projection(head(weight, bias), 1 << 20, True).highest(states)
    assert highest.nonzero().tolist() == [[7]]
    assert highest[7].item() == pytest.approx(0.01, abs=1e-4)


@torch.inference_mode()
def test_screening_does_not_hide_what_is_not_a_number() -> None:
    states = torch.full((1, 2, WIDTH), float("nan"))
    assert Projection(head(torch.randn(ENTRIES, WIDTH), None), 1 << 20, True).highest(states).isnan().all()
