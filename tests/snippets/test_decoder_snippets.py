"""The mathematics of chapter 19's snippets: PyTorch's word, counts, edges, errors."""

import math

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42

gpt_forward = load("gpt_forward")
gpt_torch = load("gpt_torch")
costs = load("gpt_costs")
first_leak = load("looks_ahead").first_leak


def twins(length=9):
    """The NumPy snippet's model and the PyTorch snippet's, with the same weights."""
    ours = gpt_forward.GPT(vocabulary=11, length=length, width=12, heads=3, layers=2, seed=SEED)
    rng = np.random.default_rng(SEED)
    for name, p in ours.params.items():  # biases and gains that matter
        ours.params[name] = p + rng.normal(0, 0.3, p.shape).astype(np.float32)
    theirs = gpt_torch.GPT(vocabulary=11, length=length, width=12, heads=3, layers=2)
    p = {name: torch.tensor(array) for name, array in ours.params.items()}
    state = {"words.weight": p["E"], "places.weight": p["P"]}
    state |= {"norm.weight": p["end.gain"], "norm.bias": p["end.shift"]}
    names = {"_qkv": "qkv", "_o": "out", "1": "up", "2": "down"}
    for i in range(2):
        for short, long in names.items():
            state[f"blocks.{i}.{long}.weight"] = p[f"{i}.W{short}"].T
            state[f"blocks.{i}.{long}.bias"] = p[f"{i}.b{short}"]
        for n in "12":
            state[f"blocks.{i}.norm{n}.weight"] = p[f"{i}.{n}.gain"]
            state[f"blocks.{i}.norm{n}.bias"] = p[f"{i}.{n}.shift"]
    theirs.load_state_dict(state)
    return ours, theirs


def some_ids(*shape):
    return np.random.default_rng(SEED).integers(0, 11, size=shape)


def test_both_snippets_give_the_same_logits_and_loss():
    ours, theirs = twins()
    ids = some_ids(4, 9)
    with torch.no_grad():
        expected = theirs(torch.tensor(ids)).numpy()
        loss = theirs.loss(torch.tensor(ids)).item()
    assert ours.logits(ids).dtype == np.float32
    np.testing.assert_allclose(ours.logits(ids), expected, atol=2e-4)
    assert ours.loss(ids) == pytest.approx(loss, abs=1e-4)
    np.testing.assert_allclose(ours.logits(ids[1]), expected[1], atol=2e-4)


def test_the_start_is_gpt2s():
    for model, arrays in (
        (gpt_forward.GPT(100, 8, 64, 4, 8), None),
        (gpt_torch.GPT(100, 8, 64, 4, 8), "torch"),
    ):
        if arrays is None:
            p = model.params
            spreads = {n: p[n].std() for n in ("E", "P", "0.W_qkv", "3.W1", "0.W_o", "7.W2")}
            biases = [p["0.b_qkv"], p["0.b_o"], p["2.b1"], p["2.b2"]]
            gains = [p["0.1.gain"], p["7.2.gain"], p["end.gain"]]
        else:
            p = {n: t.detach().numpy() for n, t in model.named_parameters()}
            names = ("words.weight", "places.weight", "blocks.0.qkv.weight")
            names += ("blocks.3.up.weight", "blocks.0.out.weight", "blocks.7.down.weight")
            spreads = {n: p[n].std() for n in names}
            biases = [a for n, a in p.items() if n.endswith("bias")]
            gains = [a for n, a in p.items() if "norm" in n and n.endswith("weight")]
        *full, out, down = spreads.values()
        np.testing.assert_allclose(full, 0.02, rtol=0.1)
        np.testing.assert_allclose([out, down], 0.02 / 4, rtol=0.05)  # √(2·8) = 4
        assert not any(b.any() for b in biases)
        assert all((g == 1).all() for g in gains)


def test_a_new_model_has_a_loss_near_the_logarithm_of_its_vocabulary():
    model = gpt_forward.GPT(vocabulary=200, length=16, width=32, heads=2, layers=1)
    ids = np.random.default_rng(SEED).integers(0, 200, size=(32, 17))
    assert model.loss(ids) == pytest.approx(math.log(200), abs=0.03)


def test_neither_gpt_looks_ahead():
    ours, theirs = twins()
    ids = some_ids(9)
    assert first_leak(ours.logits, ids, 11) is None
    with torch.no_grad():
        model = lambda i: theirs(torch.tensor(i)[None])[0]  # noqa: E731
        assert first_leak(model, ids, 11, tolerance=1e-5) is None


def test_sampling_appends_tokens_and_reads_no_more_than_the_positions_hold():
    model, _ = twins(length=4)
    ids = model.sample(some_ids(3), steps=20, seed=1)
    assert ids.shape == (23,)
    np.testing.assert_array_equal(ids[:3], some_ids(3))
    np.testing.assert_array_equal(ids, model.sample(some_ids(3), steps=20, seed=1))
    assert (ids != model.sample(some_ids(3), steps=20, seed=2)).any()


def test_samples_follow_the_probabilities():
    model, _ = twins()
    ids = some_ids(5)
    z = model.logits(ids)[-1].astype(float)
    expected = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    drawn = [model.sample(ids, steps=1, seed=seed)[-1] for seed in range(600)]
    share = np.bincount(drawn, minlength=11) / 600
    np.testing.assert_allclose(share, expected, atol=0.08)  # 4 spreads of a share


def test_both_refuse_what_does_not_fit():
    ours, theirs = twins()
    for snippet in (gpt_forward, gpt_torch):
        with pytest.raises(ValueError, match="5 heads do not divide a width of 12"):
            snippet.GPT(vocabulary=4, length=4, width=12, heads=5, layers=1)
    for bad in (some_ids(10), np.array([11]), np.array([-1])):
        with pytest.raises(ValueError, match="at most 9 ids, each from 0 to 10"):
            ours.logits(bad)
    with pytest.raises(ValueError, match="10 tokens do not fit"):
        theirs(torch.tensor(some_ids(1, 10)))


def test_training_lowers_the_loss_and_greedy_is_the_argmax():
    torch.manual_seed(SEED)
    model = gpt_torch.GPT(vocabulary=3, length=6, width=8, heads=2, layers=1)
    text = torch.tensor([0, 1, 2] * 20)
    assert gpt_torch.train(model, text, steps=60) < 0.2 < model.places.num_embeddings
    written = model.continue_greedily(torch.tensor([[0, 1]]), steps=10)
    assert written.tolist() == [[0, 1, 2] * 4]


@pytest.mark.parametrize("sizes", [(11, 9, 12, 3, 2), (5, 3, 4, 1, 1), (28, 64, 16, 4, 3)])
def test_parameters_are_those_of_the_two_models(sizes):
    model = gpt_torch.GPT(*sizes)
    counted = sum(p.numel() for p in model.parameters())
    assert costs.Sizes(*sizes).parameters() == counted
    flat = gpt_forward.GPT(*sizes).params.values()
    assert sum(p.size for p in flat) == counted
    untied = costs.Sizes(*sizes).parameters(tied=False)
    assert untied - counted == sizes[0] * sizes[2]


def test_flops_are_those_that_pytorch_counts():
    from torch.utils.flop_counter import FlopCounterMode

    model = gpt_torch.GPT(11, 9, 12, 3, 2)
    counter = FlopCounterMode(display=False)
    plain = torch.nn.attention.SDPBackend.MATH
    with counter, torch.no_grad(), torch.nn.attention.sdpa_kernel(plain):
        model(torch.tensor(some_ids(1, 7)))
    sizes = costs.Sizes(11, 9, 12, 3, 2)
    assert sizes.flops(7) == counter.get_total_flops()
    assert sizes.flops(7) - sizes.flops(7, skip_masked=True) == 2 * 4 * 12 * 21


def test_sizes_know_other_hidden_widths():
    usual, wide = costs.Sizes(11, 9, 12, 3, 2), costs.Sizes(11, 9, 12, 3, 2, hidden=50)
    assert (usual.ffn, wide.ffn) == (48, 50)
    assert wide.parameters() - usual.parameters() == 2 * 2 * (2 * 12 + 1)
    assert wide.flops(5) - usual.flops(5) == 2 * 2 * (4 * 5 * 12)
    assert wide.activation_bytes(3, 5) - usual.activation_bytes(3, 5) == 3 * 5 * 2 * 2 * 2 * 4


def test_activation_bytes_are_the_books_formula_without_its_small_terms():
    sizes = costs.Sizes(28, 64, 64, 4, 2)
    a_block, ends = 10 * 64 + 2 * 256 + 4 * 50, 2 * 64 + 28
    assert sizes.activation_bytes(16, 50, 8) == 16 * 50 * (2 * a_block + ends) * 8
    assert sizes.activation_bytes(16, 50) * 2 == sizes.activation_bytes(16, 50, 8)


def test_the_first_leak_is_found_wherever_it_is():
    rng = np.random.default_rng(SEED)
    table = rng.normal(size=(5, 5))
    ids = np.array([4, 0, 3, 1, 2])

    def one_pair(place, token, size=1.0):
        def model(ids):
            out = table[ids]
            out[place] += size * table[ids[token]]
            return out

        return model

    for token in range(1, 5):
        for place in range(token):
            assert first_leak(one_pair(place, token), ids, 5) == (place, token)
            assert first_leak(one_pair(token, place), ids, 5) is None
    faint = one_pair(1, 3, size=1e-9)
    assert first_leak(faint, ids, 5) == (1, 3)
    assert first_leak(faint, ids, 5, tolerance=1e-6) is None
    assert first_leak(lambda i: i.sum() + 0 * i, ids, 5) == (0, 1)  # one number a place
    np.testing.assert_array_equal(ids, [4, 0, 3, 1, 2])


def test_a_text_that_cannot_tell_is_refused():
    for ids, vocabulary in (([1], 5), ([[1, 2]], 5), ([0, 0], 1)):
        with pytest.raises(ValueError, match="needs ids"):
            first_leak(np.array, np.array(ids), vocabulary)
    for ids in ([0, 5], [-1, 0]):
        with pytest.raises(ValueError, match="from 0 to 4"):
            first_leak(np.array, np.array(ids), 5)
