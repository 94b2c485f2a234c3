import { SLOTS } from "./prelude.js";

/** The slots of the arguments, then those of what is captured: an array has an address, a length and a shape. */
export const valueSlot = (index: number): number => SLOTS.values + SLOTS.each * index;
