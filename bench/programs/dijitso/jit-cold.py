"""jit-cold CALLS FOLDER: builds as many libraries; prints the median time of one."""

import json
import os
import shutil
import sys
from statistics import median
from time import perf_counter_ns

# dijitso ignores the parameter for its cache.
folder = os.path.join(sys.argv[2], "dijitso-cold")
os.environ["DIJITSO_CACHE_DIR"] = folder

from common import jit

ns = []
for i in range(int(sys.argv[1]) + 1):
    start = perf_counter_ns()
    library, _ = jit(i, "cold_%d" % i, folder)
    ns.append(perf_counter_ns() - start)
    assert library.answer() == i
shutil.rmtree(folder)
# The first finds the compiler's files not yet in memory.
print(json.dumps({"name": "jit-cold", "ns": median(ns[1:])}))
