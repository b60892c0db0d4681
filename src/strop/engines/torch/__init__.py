"""Models through transformers and adapters through peft: the engine that tunes and answers for real.

engine.py      the door: open, estimate, train           template.py  messages -> ids, for tuning and serving
network.py     load a base, put an adapter on it         tree.py      what sequences share stands once
attention.py   who sees whom, computed in blocks         forward.py   hidden states and losses of a batch
answer.py      score, generate, nll, embed               train.py     the tuning loop
methods.py     adapters and their defaults               checkpoint.py, checks.py, machine.py, fused.py
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch starts its pool

from strop.engines.torch.engine import TorchEngine

__all__ = ["TorchEngine"]
