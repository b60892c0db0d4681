"""The measure room by itself: plain lists in, numbers with intervals out. No project, no model, no files.

python recipes/03_measure_alone.py
"""

from strop.measure import clopper_pearson, estimate, macro_f1, near_duplicates, paired, pairs_needed, rouge_l
from strop.records import ItemResult, MeasureSpec

RIGHT = MeasureSpec(name="accuracy", how="mean")


def items(right: list[bool]) -> list[ItemResult]:
    """Results as an evaluation would leave them, one an item."""
    return [ItemResult(example=f"item {n}", answer="", scores={"accuracy": float(r)}) for n, r in enumerate(right)]


def main() -> None:
    """Two systems on the same 200 items: 168 and 150 right, of which 146 in common."""
    new = items([True] * 168 + [False] * 32)
    old = items([True] * 146 + [False] * 22 + [True] * 4 + [False] * 28)
    for name, results in (("new", new), ("old", old)):
        own = estimate(RIGHT, results)
        print(f"{name} accuracy {own.value:.3f} [{own.low:.3f}, {own.high:.3f}] ({own.method})")
    gain = paired(RIGHT, new, old)
    print(f"new - old {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] on {gain.n} pairs ({gain.method})")
    low, high = clopper_pearson(0, 30)
    print(f"no fault in 30 answers: the fault rate may still be {high:.1%} (from {low:.0%})")
    print(f"macro F1 {macro_f1(['a', 'a', 'b', 'b'], ['a', 'b', 'b', 'b']):.3f}")
    print(f"ROUGE-L {rouge_l('the lamp runs ten hours', 'the small lamp runs for ten hours'):.3f}")
    needed = pairs_needed(0.11, 0.02, margin=0.0, alpha=0.025)
    print(f"items for an 80 % chance to show it, if 11 % of pairs speak for the new and 2 % for the old: {needed}")
    texts = ["The lamp runs for ten hours on one charge.", "the lamp runs for 10 hours on one charge", "A warm coat."]
    for pair in near_duplicates(texts, threshold=0.5):
        print(f"near duplicates: {pair.i} and {pair.j}, similarity {pair.similarity:.2f}")


if __name__ == "__main__":
    main()
