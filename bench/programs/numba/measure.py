"""Warm up, time batches, print one JSON line: the same in every language of this bench."""

import json
from time import perf_counter_ns

WARM_UP_BATCHES = 2


def measure(name, calls, batches, work, result, x=None, parts=1, report=True, prepare=lambda: None):
    """Prints the least of the batches' times per call, divided by `parts`: a kernel takes as long each time.

    `prepare` is called before each batch.
    """
    for _ in range(WARM_UP_BATCHES):
        prepare()
        work(calls)
    ns = []
    for _ in range(batches):
        prepare()
        start = perf_counter_ns()
        work(calls)
        ns.append((perf_counter_ns() - start) / calls / parts)
    if report:
        place = {} if x is None else {"x": x}
        print(json.dumps({"name": name, **place, "ns": min(ns), "result": result}), flush=True)
