/** What njit tells of the parts of a first call, as `TYPED_MPI_LOG=debug` does. Imported before anything is compiled. */
import { setLogHandler, setLogLevel } from "typed-mpi/jit";

const messages: string[] = [];
setLogLevel("debug");
setLogHandler((_, message) => void messages.push(message));

/** The nanoseconds that a part took. @param part How its message begins, `"heat2d: translated into C"`. */
export function told(part: string): number {
  const message = messages.find((each) => each.startsWith(`${part} in `));
  if (message === undefined) throw new Error(`nobody told of "${part}": ${messages.join("; ")}`);
  return 1e6 * Number.parseFloat(message.slice(part.length + " in ".length));
}
