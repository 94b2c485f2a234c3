"""jit-hit CALLS FOLDER: one library, from the cache if it is there; prints how long that took."""

import json
import os
import sys
from time import perf_counter_ns

folder = os.path.join(sys.argv[2], "dijitso-hit")
os.environ["DIJITSO_CACHE_DIR"] = folder

from common import jit

start = perf_counter_ns()
library, _ = jit(42, "hit", folder)
ns = perf_counter_ns() - start
assert library.answer() == 42
print(json.dumps({"name": "jit-hit", "ns": ns}))
