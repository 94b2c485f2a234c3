export { type Completion, freed, PersistentRequest, Request, wrongRequest } from "./request.js";
export { type Callee, Transfer, type TransferDescription } from "./transfer.js";
