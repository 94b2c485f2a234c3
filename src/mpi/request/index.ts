export { freed, wrongRequest } from "./error.js";
export type { Completion } from "./outcome.js";
export { PersistentRequest } from "./persistent.js";
export { Request } from "./request.js";
export { type Callee, Transfer, type TransferDescription } from "./transfer.js";
