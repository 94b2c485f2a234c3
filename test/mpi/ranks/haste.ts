/** What the end of a block throws that has waited for too long. */
export const LATE = {
  code: "ERR_MPI_REQUEST",
  name: "MpiError",
  message: "not complete 30 seconds after the end of its block",
};

/** Runs `body` by a clock on which each look takes a minute. */
export function inHaste(body: () => void): void {
  const begin = performance.now();
  let looks = 0;
  performance.now = () => begin + 60_000 * looks++;
  try {
    body();
  } finally {
    // The one of its class shows again.
    Reflect.deleteProperty(performance, "now");
  }
}
