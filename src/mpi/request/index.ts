export { type Completion, freed, PersistentRequest, Request, wrongRequest } from "./request.js";
export { Transfer, type TransferDescription } from "./transfer.js";
