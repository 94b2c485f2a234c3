/**
 * Does what every call needs whatever its arguments are while the modules that cannot do without it are loaded, as
 * `ctypes` is loaded with what imports it; what is wrong with it is told by the first call.
 */
import { hash } from "node:crypto";
import { engine } from "../ffi/index.js";
import { prepareLocks } from "./cache/flock.js";
import { prepareIdentity } from "./compiler/identity.js";
import { defaultBuildParams } from "./params.js";

for (const prepare of [
  // An engine that is not there, or unknown, is told by the call that needs it.
  () => void engine(),
  prepareLocks,
  // OpenSSL looks for a hash when it is used first.
  () => void hash("sha256", ""),
  // The one that is asked for as long as nobody says otherwise, kept by all that decides which one it is.
  () => prepareIdentity(defaultBuildParams()),
]) {
  try {
    prepare();
  } catch {
    // Whoever needs it tries it again.
  }
}
