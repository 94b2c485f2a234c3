import { test } from "uvu";
import * as assert from "uvu/assert";
import { kernels } from "../../bench/programs/kernels.js";
import { njit } from "../../src/njit/index.js";
import "./cache.js";

/* The kernels that the bench measures give what JavaScript gives, to the last bit. */

for (const [name, make] of Object.entries(kernels)) {
  test(name, () => {
    const [expected, actual] = [make((fn) => fn)(), make((fn) => njit(fn))()];
    for (const { run } of [expected, actual]) {
      run();
      run();
    }
    assert.is(actual.result(), expected.result());
  });
}

test.run();
