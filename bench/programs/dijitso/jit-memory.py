"""jit-memory CALLS BATCHES FOLDER: a library that is loaded already; prints the median time of a call of jit."""

import json
import os
import sys
from statistics import median
from time import perf_counter_ns

folder = os.path.join(sys.argv[3], "dijitso-memory")
os.environ["DIJITSO_CACHE_DIR"] = folder

import dijitso
from common import generate, jit, params

jit(42, "memory", folder)
given = params(folder)
calls = int(sys.argv[1]) // 100
ns = []
for _ in range(int(sys.argv[2]) + 2):
    start = perf_counter_ns()
    for _ in range(calls):
        dijitso.jit(42, "memory", given, generate)
    ns.append((perf_counter_ns() - start) / calls)
print(json.dumps({"name": "jit-memory", "ns": median(ns[2:])}))
