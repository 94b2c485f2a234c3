/**
 * Loads the engine that the environment asks for together with the modules that cannot do without it, as `ctypes` is
 * loaded with what imports it; what is wrong with it is told by the first call.
 */
import { engine } from "../ffi/index.js";

try {
  engine();
} catch {
  // An engine that is not there, or unknown: the call that needs it throws this again.
}
