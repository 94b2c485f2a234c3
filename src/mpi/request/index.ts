export { type Completion, PersistentRequest, Request } from "./request.js";
export { type Outcome, Transfer, type TransferDescription } from "./transfer.js";
