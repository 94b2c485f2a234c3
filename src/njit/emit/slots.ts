/** The first slots of what JavaScript and C share. */
export const SLOTS = {
  status: 0,
  info: 1,
  more: 2,
  random: 3,
  arena: 5,
  mpi: 6,
  threads: 7,
  result: 8,
  /** Bytes of stack that a call may use. */
  stack: 24,
  /** Where `njit_call` is. */
  entry: 25,
  values: 26,
  each: 10,
} as const;

/** The slots of the arguments, then those of what is captured: an array has an address, a length and a shape. */
export const valueSlot = (index: number): number => SLOTS.values + SLOTS.each * index;
