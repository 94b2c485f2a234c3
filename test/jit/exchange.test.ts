import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Generated, jit, jitAsync, setLogHandler } from "../../src/jit/index.js";
import { assertThrows } from "../harness/assert.js";
import { leftovers, librariesIn, newFolder } from "./caches.js";

// Processes that do not share a disk are told apart by their caches here; what they exchange are real bytes.

setLogHandler(() => {});

const inCache = (cacheDir: string) => ({ cache: { cacheDir, failDirRoot: newFolder() } });
const generate = (value: number): Generated => ({
  header: "// the header\n",
  source: `extern "C" int f() { return ${value}; }\n`,
});

/** Builds in one cache; what was sent. */
function sent(value: number, name: string, cacheDir = newFolder(), make = generate): Uint8Array {
  const messages: Uint8Array[] = [];
  try {
    jit(value, name, inCache(cacheDir), { generate: make, send: (data) => void messages.push(data) });
  } catch {
    // It is in the message.
  }
  assert.is(messages.length, 1);
  return messages[0] as Uint8Array;
}

const roles = suite("builders, receivers and waiters");

roles("a receiver gets the library, with header and source, and others can depend on it", () => {
  const data = sent(31, "sent");
  const params = inCache(newFolder());
  let waits = 0;
  const wait = () => void waits++;
  const { library, signature } = jit(31, "sent", params, { receive: () => data, wait });
  assert.is(waits, 1);
  assert.is(library.func("int f()")(), 31);
  assert.ok(library.path.startsWith(params.cache.cacheDir));
  const derived = () => ({
    source: `#include "${signature}.h"\nextern "C" int f();\nextern "C" int g() { return f() + 1; }\n`,
    dependencies: [signature],
  });
  assert.is(jit(null, "on it", params, { generate: derived }).library.func("int g()")(), 32);
  assert.equal(leftovers(params.cache.cacheDir), []);
});

roles("what a library depends on is sent with it", () => {
  const from = newFolder();
  const base = jit(1, "below", inCache(from), {
    generate: () => ({ source: 'extern "C" int base() { return 40; }' }),
  });
  const make = () => ({
    source: 'extern "C" int base(); extern "C" int f() { return base() + 2; }',
    dependencies: [base.signature],
  });
  const data = sent(0, "above", from, make);
  const to = newFolder();
  assert.is(jit(0, "above", inCache(to), { receive: () => data }).library.func("int f()")(), 42);
  assert.is(librariesIn(to).length, 2);
});

roles("everybody sends, receives and waits at every call, whatever is in the caches", () => {
  const [from, to] = [newFolder(), newFolder()];
  const counts = { send: 0, receive: 0, wait: 0, generate: 0 };
  let message = new Uint8Array();
  for (let round = 1; round <= 3; round++) {
    jit(7, "every time", inCache(from), {
      generate: (value) => {
        counts.generate++;
        return generate(value);
      },
      send: (data) => {
        counts.send++;
        message = Uint8Array.from(data);
      },
      wait: () => void counts.wait++,
    });
    jit(7, "every time", inCache(to), {
      receive: () => {
        counts.receive++;
        return message;
      },
      wait: () => void counts.wait++,
    });
    assert.equal(counts, { send: round, receive: round, wait: 2 * round, generate: 1 });
  }
});

roles("a failed build is sent, and fails at the receiver with the same code and diagnostics", () => {
  const data = sent(0, "fails", newFolder(), () => ({ source: "int f() { return nothing; }" }));
  let waits = 0;
  const params = inCache(newFolder());
  assertThrows(() => jit(0, "fails", params, { receive: () => data, wait: () => void waits++ }), {
    code: "ERR_JIT_COMPILE",
    message: "nothing",
  });
  assert.is(waits, 1);
});

roles("an error in generate is sent as well", () => {
  const data = sent(0, "throws", newFolder(), () => {
    throw new Error("no code for this");
  });
  assertThrows(() => jit(0, "throws", inCache(newFolder()), { receive: () => data }), {
    code: "ERR_JIT_NOT_BUILT",
    message: "no code for this",
  });
});

roles("a waiter finds what was built meanwhile, or says that nothing was", () => {
  const params = inCache(newFolder());
  const wait = () => void jit(9, "awaited", params, { generate });
  assert.is(jit(9, "awaited", params, { wait }).library.func("int f()")(), 9);
  let waits = 0;
  assertThrows(() => jit(9, "never", params, { wait: () => void waits++ }), {
    code: "ERR_JIT_NOT_BUILT",
    message: params.cache.cacheDir,
  });
  assert.is(waits, 1);
});

roles("a builder that fails waits too", () => {
  let waits = 0;
  const source = () => ({ source: "?" });
  assertThrows(() => jit(0, "waits", inCache(newFolder()), { generate: source, wait: () => void waits++ }), {
    code: "ERR_JIT_COMPILE",
  });
  assert.is(waits, 1);
});

for (const [what, thrown] of [
  ["a string", "bad"],
  ["undefined", undefined],
  ["an error", new Error("no code")],
] as const) {
  roles(`a builder that throws ${what} sends that, and waits`, () => {
    const counts = { send: 0, wait: 0 };
    let caught: unknown = "nothing";
    try {
      jit(0, `throws ${what}`, inCache(newFolder()), {
        generate: () => {
          throw thrown;
        },
        send: () => void counts.send++,
        wait: () => void counts.wait++,
      });
    } catch (error) {
      caught = error;
    }
    assert.is(caught, thrown);
    assert.equal(counts, { send: 1, wait: 1 });
  });
}

roles("parameters that are wrong on one process are news for the others", () => {
  const counts = { receive: 0, wait: 0 };
  let data = new Uint8Array();
  const { cache } = inCache(newFolder());
  const wait = () => void counts.wait++;
  assertThrows(
    () =>
      jit(
        0,
        "wrong",
        { cache, build: { cxx: "no-such-compiler" } },
        {
          generate,
          wait,
          send: (bytes) => {
            data = Uint8Array.from(bytes);
          },
        },
      ),
    { code: "ERR_JIT_COMPILER_NOT_FOUND" },
  );
  const receive = () => {
    counts.receive++;
    return data;
  };
  assertThrows(() => jit(0, "wrong", { cache }, { receive, wait }), {
    code: "ERR_JIT_COMPILER_NOT_FOUND",
    message: "no-such-compiler",
  });
  assertThrows(() => jit(0, "wrong", { cache, build: { cxx: "no-such-compiler" } }, { receive, wait }), {
    code: "ERR_JIT_COMPILER_NOT_FOUND",
  });
  assert.equal(counts, { receive: 2, wait: 3 });
});

roles("who cannot send waits all the same", () => {
  let waits = 0;
  const send = () => {
    throw new Error("the wire is cut");
  };
  const callbacks = { generate, send, wait: () => void waits++ };
  assert.throws(() => jit(1, "cut", inCache(newFolder()), callbacks), /the wire is cut/);
  assert.is(waits, 1);
});

roles("the library of somebody else is refused", () => {
  const data = sent(1, "this one");
  assertThrows(() => jit(1, "that one", inCache(newFolder()), { receive: () => data }), {
    code: "ERR_JIT_MISMATCH",
    message: /that_one.*this_one/s,
  });
});

roles("damaged bytes are refused, and nothing of them is stored", () => {
  const data = sent(12, "damaged");
  const cacheDir = newFolder();
  const flipped = (at: number) => data.map((byte, i) => (i === at ? byte ^ 1 : byte));
  for (const bad of [
    new Uint8Array(0),
    new Uint8Array(100),
    data.subarray(0, data.length - 1),
    data.subarray(0, 40),
    flipped(0),
    flipped(data.length - 100),
    undefined,
    "text",
  ]) {
    assertThrows(() => jit(12, "damaged", inCache(cacheDir), { receive: () => bad as Uint8Array }), {
      code: "ERR_JIT_RECEIVED",
    });
  }
  assert.equal(librariesIn(cacheDir), []);
});

roles("what send, receive or wait throws is thrown", () => {
  const broken = () => {
    throw new Error("the wire is cut");
  };
  const params = inCache(newFolder());
  assert.throws(() => jit(1, "cut", params, { generate, send: broken }), /the wire is cut/);
  assert.throws(() => jit(1, "cut", params, { receive: broken, wait: () => {} }), /the wire is cut/);
  assert.throws(() => jit(1, "cut", params, { wait: broken }), /the wire is cut/);
});

roles("all of it may be asynchronous", async () => {
  const later = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
  let data = new Uint8Array();
  const send = async (bytes: Uint8Array) => {
    await later();
    data = Uint8Array.from(bytes);
  };
  await jitAsync(2, "later", inCache(newFolder()), { generate, send, wait: later });
  const receive = async () => {
    await later();
    return data;
  };
  const { library } = await jitAsync(2, "later", inCache(newFolder()), { receive, wait: later });
  assert.is(library.func("int f()")(), 2);
});

roles.run();
