"""Models through transformers and adapters through peft: the engine that tunes and answers for real.

engine.py      the door: open, estimate, train
template.py    messages -> ids, the same for tuning and serving
network.py     a base, with an adapter on it            methods.py     adapters and their defaults
tree.py        what sequences share stands once         layout.py      a tree as batches of attention
attention.py   attention in those batches               flex.py        attention in blocks, on a GPU
forward.py     hidden states, losses, log probabilities
objective.py   what a step minimises                    lower_layers.py  what never changes, computed once
answer.py      score, nll, embed                        generate.py    greedy answers in a running batch
train.py       the tuning loop                          checkpoint.py  what survives a kill
checks.py      the never-silent contract                calibrate.py   the estimate
memory.py      rows as long as memory allows
top_layer.py   the topmost layer where it is looked at  walk.py        who sees whom
fused.py       layers in fewer steps                    machine.py     threads, number formats, time, memory
pissa.py       PiSSA saved as plain LoRA                quantised.py   a base in four bits
apart.py       without a tree, where layers do not allow it
put_on.py      an adapter put on a base, each tensor in its place
ranks.py       several processes share each batch      along.py       one of the others
sharded.py     each holds a share of the base          torchrun.py    others that are there already
convert.py     GGUF -> safetensors                      quiet.py       no foreign bars
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch starts its pool
# oneDNN keeps the code that it writes for each shape, 1,024 times: rows differ in length, and most shapes come once.
# Fewer than this many are too few where answers are written, whose batches change their size (docs/log.md).
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256")
# torch's own layer above it keeps 265 KiB a shape, 1,024 times: memory grew with every new length (docs/log.md). A
# packed row goes round in up to 80 shapes, once a layer: with room for fewer each layer would make them again.
os.environ.setdefault("LRU_CACHE_CAPACITY", "128")

from strop.engines.torch.engine import TorchEngine

__all__ = ["TorchEngine"]
