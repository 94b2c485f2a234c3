import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Notice } from "../../src/jit/roles/notice.js";
import { newCache, publish } from "./cache/store-fixture.js";
import { newFolder } from "./caches.js";

const test = suite("the notice of an entry that is published");

/** Long enough for what has happened already. */
const MOMENT = 2000;

const on = process.platform === "linux" ? test : test.skip;

on("comes when the entry is there, once, also in a cache that was not", () => {
  const cache = newCache();
  const notice = Notice.of("s", cache) as Notice;
  assert.not(notice.wait(1));
  publish("s", cache);
  assert.ok(notice.wait(MOMENT));
  assert.not(notice.wait(1));
  publish("s", cache);
  assert.ok(notice.wait(MOMENT), "it was published again");
  notice.close();
});

on("does not come for another entry", () => {
  const cache = newCache();
  const notice = Notice.of("s", cache) as Notice;
  publish("other", cache);
  assert.not(notice.wait(MOMENT));
  publish("s", cache);
  assert.ok(notice.wait(MOMENT));
  notice.close();
});

on("wakes who sleeps no later than told", () => {
  const notice = Notice.of("s", newCache()) as Notice;
  const started = performance.now();
  assert.not(notice.wait(50));
  const slept = performance.now() - started;
  assert.ok(slept >= 49 && slept < 1000, `slept ${slept} ms`);
  notice.close();
});

on("is none where no cache can be", () => {
  const cacheDir = join(newFolder(), "file");
  writeFileSync(cacheDir, "");
  assert.is(Notice.of("s", newCache({ cacheDir })), undefined);
});

test.run();
