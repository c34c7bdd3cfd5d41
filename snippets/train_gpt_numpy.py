"""A GPT in one NumPy file: forward, backward by hand, Adam. It learns any text."""

import math

import numpy as np

C = math.sqrt(2 / math.pi)  # of GELU's tanh form, as in GPT-2


def norm(x, gain, shift):
    """Layer norm of the last axis, and what its backward needs."""
    centred = x - x.mean(axis=-1, keepdims=True)
    root = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    hat = centred / root
    return hat * gain + shift, (hat, root, gain)


def norm_back(d, cache):
    hat, root, gain = cache
    g = d * gain
    along = (g * hat).mean(axis=-1, keepdims=True)
    d_x = (g - g.mean(axis=-1, keepdims=True) - hat * along) / root
    return d_x, (d * hat).sum(axis=(0, 1)), d.sum(axis=(0, 1))


class GPT:
    """Parameters of a pre-LN decoder with tied embedding in the dict `p`.

    `vocabulary` tokens, texts of at most `length`, `width` numbers a token, `heads`
    heads in each of `blocks` blocks. ValueError where heads do not divide width.
    """

    def __init__(self, vocabulary, length, width, heads, blocks, rng):
        if width % heads:
            raise ValueError(f"GPT: {heads} heads do not divide a width of {width}")
        self.heads, self.blocks, self.length = heads, blocks, length

        def w(*shape):
            return rng.normal(0, 0.02, shape)

        p = {"E": w(vocabulary, width), "P": w(length, width)}
        shapes = {"qkv": (width, 3 * width), "out": (width, width)}
        shapes |= {"up": (width, 4 * width), "down": (4 * width, width)}
        for i in range(blocks):
            for name, shape in shapes.items():
                small = math.sqrt(2 * blocks) if name in ("out", "down") else 1
                p[f"{i}.{name}"] = w(*shape) / small
                p[f"{i}.{name}.b"] = np.zeros(shape[1])
        norms = [f"{i}.norm{k}" for i in range(blocks) for k in (1, 2)]
        for name in (*norms, "norm"):
            p[name], p[f"{name}.b"] = np.ones(width), np.zeros(width)
        self.p, self.t = p, 0
        self.m = {name: np.zeros_like(a) for name, a in p.items()}
        self.v = {name: np.zeros_like(a) for name, a in p.items()}

    def forward(self, ids):
        """Logits (B, T, V) for ids (B, T), and what `backward` needs."""
        p, H, (B, T) = self.p, self.heads, ids.shape
        if self.length < T:
            raise ValueError(f"forward: {T} tokens; the model reads {self.length}")
        x, caches = p["E"][ids] + p["P"][:T], []
        for i in range(self.blocks):
            n1, c1 = norm(x, p[f"{i}.norm1"], p[f"{i}.norm1.b"])
            qkv = n1 @ p[f"{i}.qkv"] + p[f"{i}.qkv.b"]
            q, k, v = qkv.reshape(B, T, 3, H, -1).transpose(2, 0, 3, 1, 4)
            scores = q @ k.mT / math.sqrt(q.shape[-1])
            scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
            a = np.exp(scores - scores.max(axis=-1, keepdims=True))
            a /= a.sum(axis=-1, keepdims=True)
            merged = (a @ v).swapaxes(1, 2).reshape(x.shape)
            x = x + merged @ p[f"{i}.out"] + p[f"{i}.out.b"]
            n2, c2 = norm(x, p[f"{i}.norm2"], p[f"{i}.norm2.b"])
            z = n2 @ p[f"{i}.up"] + p[f"{i}.up.b"]
            tanh = np.tanh(C * (z + 0.044715 * z * z * z))
            g = z / 2 * (1 + tanh)
            x = x + g @ p[f"{i}.down"] + p[f"{i}.down.b"]
            caches.append((n1, c1, q, k, v, a, merged, n2, c2, z, tanh, g))
        y, c = norm(x, p["norm"], p["norm.b"])
        return y @ p["E"].T, (ids, caches, y, c)

    def loss_and_gradients(self, ids, targets):
        """The mean cross-entropy, and its gradient by each parameter, by name."""
        p, (B, T) = self.p, ids.shape
        logits, (ids, caches, y, c) = self.forward(ids)
        logits = logits - logits.max(axis=-1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        right = np.arange(logits.shape[-1]) == targets[..., None]
        d = (np.exp(log_p) - right) / targets.size
        grads = {}

        def linear_back(d, x, name):
            rows, inputs = d.reshape(-1, d.shape[-1]), x.reshape(-1, x.shape[-1])
            grads[name], grads[f"{name}.b"] = inputs.T @ rows, rows.sum(axis=0)
            return d @ p[name].T

        grads["E"] = np.einsum("btv,btd->vd", d, y)  # the head's half
        d, grads["norm"], grads["norm.b"] = norm_back(d @ p["E"], c)
        for i in reversed(range(self.blocks)):
            n1, c1, q, k, v, a, merged, n2, c2, z, tanh, g = caches[i]
            bend = C * (1 + 3 * 0.044715 * z * z) * (1 - tanh * tanh)
            d_z = linear_back(d, g, f"{i}.down") * ((1 + tanh) / 2 + z / 2 * bend)
            back = norm_back(linear_back(d_z, n2, f"{i}.up"), c2)
            d = d + back[0]
            grads[f"{i}.norm2"], grads[f"{i}.norm2.b"] = back[1:]
            d_o = linear_back(d, merged, f"{i}.out")
            d_o = d_o.reshape(B, T, self.heads, -1).swapaxes(1, 2)
            d_a = d_o @ v.mT
            d_s = a * (d_a - (a * d_a).sum(axis=-1, keepdims=True))
            d_s /= math.sqrt(q.shape[-1])
            d_qkv = np.stack([d_s @ k, d_s.mT @ q, a.mT @ d_o])
            d_qkv = d_qkv.transpose(1, 3, 0, 2, 4).reshape(B, T, -1)
            back = norm_back(linear_back(d_qkv, n1, f"{i}.qkv"), c1)
            d = d + back[0]
            grads[f"{i}.norm1"], grads[f"{i}.norm1.b"] = back[1:]
        np.add.at(grads["E"], ids, d)  # the lookup's half
        grads["P"] = np.zeros_like(p["P"])
        grads["P"][:T] = d.sum(axis=0)
        return float(-log_p[right].mean()), grads

    def step(self, ids, targets, rate):
        """One step of Adam, gradients clipped to a joint length of 1; the loss."""
        loss, grads = self.loss_and_gradients(ids, targets)
        length = math.sqrt(sum(float((g * g).sum()) for g in grads.values()))
        self.t += 1
        for name, g in grads.items():
            g = g / max(1.0, length)
            self.m[name] += 0.1 * (g - self.m[name])
            self.v[name] += 0.01 * (g * g - self.v[name])
            m, v = self.m[name] / (1 - 0.9**self.t), self.v[name] / (1 - 0.99**self.t)
            self.p[name] -= rate * m / (np.sqrt(v) + 1e-8)
        return loss


def train(model, ids, steps, rng, batch=8, rate=1e-2):
    """Losses of `steps` steps on random pieces of `ids` (n,), as long as it reads."""
    if len(ids) <= model.length:
        raise ValueError(f"train: {len(ids)} ids; a piece needs {model.length + 1}")
    losses = []
    for step in range(steps):
        starts = rng.integers(0, len(ids) - model.length, size=(batch, 1))
        places = starts + np.arange(model.length)
        warm = min(1.0, (step + 1) / 20) * (1 - 0.9 * step / steps)
        losses.append(model.step(ids[places], ids[places + 1], rate * warm))
    return losses


if __name__ == "__main__":
    text = "she sells sea shells on the sea shore. "
    text += "the shells she sells are sea shells. "
    letters = sorted(set(text))
    ids = np.array([letters.index(letter) for letter in text])
    model = GPT(len(letters), 16, 24, 4, 2, np.random.default_rng(42))
    losses = train(model, np.tile(ids, 3), 300, np.random.default_rng(42))
    print(f"loss {losses[0]:.1f} → below 0.3: {np.mean(losses[-10:]) < 0.3}")
    written = ids[:4]
    for _ in range(71):
        logits, _ = model.forward(written[None, -16:])
        written = np.append(written, logits[0, -1].argmax())
    print("".join(letters[i] for i in written))
