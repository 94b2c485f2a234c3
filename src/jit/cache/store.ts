/* Everything that others need of the store. */
export { type Entry, isMiss, type Miss, type StagedBuild } from "./entry.js";
export { lookupEntry } from "./lookup.js";
export { copyEntry, publishEntry, removeEntry } from "./publish.js";
export { cleanAbandoned, stagingDirectory } from "./staging.js";
