import { fileURLToPath } from "node:url";

/*
 * Imported for its effect: the tests of one run share a cache, so that what one job has compiled the next ones find.
 * It lies in build/, which each run clears.
 */
process.env["TYPED_MPI_CACHE_DIR"] = fileURLToPath(new URL("../../njit-cache", import.meta.url));
