import type { PrototypeName } from "../bindings/prototypes.js";

/** A list of integers. */
export type Integers = readonly number[] | Int32Array;

/** The order of the dimensions of an array in memory: the last one together, or the first one. */
export type ArrayOrder = "C" | "fortran";
/** How a dimension of an array is dealt out to processes. MPI 4.0 section 5.1.4 */
export type Distribution = "block" | "cyclic" | "none";

/** The arguments of the constructors of datatypes, by their combiners; `T` stands for the datatypes in them. */
export interface Recipes<T> {
  dup: { readonly type: T };
  contiguous: { readonly count: number; readonly type: T };
  vector: { readonly count: number; readonly blocklength: number; readonly stride: number; readonly type: T };
  hvector: {
    readonly count: number;
    readonly blocklength: number;
    readonly stride: number;
    readonly type: T;
  };
  indexed: {
    readonly blocklengths: Integers;
    readonly displacements: Integers;
    readonly type: T;
  };
  hindexed: {
    readonly blocklengths: Integers;
    readonly displacements: Integers;
    readonly type: T;
  };
  indexedBlock: { readonly blocklength: number; readonly displacements: Integers; readonly type: T };
  hindexedBlock: { readonly blocklength: number; readonly displacements: Integers; readonly type: T };
  struct: {
    readonly blocklengths: Integers;
    readonly displacements: Integers;
    readonly types: readonly T[];
  };
  subarray: {
    readonly sizes: Integers;
    readonly subsizes: Integers;
    readonly starts: Integers;
    readonly order: ArrayOrder;
    readonly type: T;
  };
  darray: {
    readonly size: number;
    readonly rank: number;
    readonly gsizes: Integers;
    readonly distribs: readonly Distribution[];
    /** undefined for the standard's default. */
    readonly dargs: readonly (number | undefined)[];
    readonly psizes: Integers;
    readonly order: ArrayOrder;
    readonly type: T;
  };
  resized: { readonly type: T; readonly lb: number; readonly extent: number };
}

export type Combiner = keyof Recipes<unknown>;

/** How a derived datatype is made: the constructor and its arguments. */
export type DerivedRecipe<T> = { [C in Combiner]: { readonly combiner: C } & Recipes<T>[C] }[Combiner];

/** How a datatype is made; a predefined one is named. */
export type Recipe<T> = DerivedRecipe<T> | { readonly combiner: "named"; readonly name: string };

/** A recipe whose values are known by the names of the parameters only. */
export type RecipeValues = Readonly<Record<string, unknown>>;

/**
 * What a parameter is to C: a count or a step in elements is an int, in the function with `_c` an MPI_Count; an
 * address is an MPI_Aint, in the other function an MPI_Count; an `int` is one in both. `length` and `dimensions`
 * are no parameters of ours: C wants to be told how long the arrays after them are.
 */
export type ParameterKind =
  | "length"
  | "dimensions"
  | "count"
  | "counts"
  | "step"
  | "steps"
  | "address"
  | "addresses"
  | "int"
  | "ints"
  | "distributions"
  | "distributionArguments"
  | "order"
  | "type"
  | "types";

interface Constructor {
  /** The C function. */
  readonly function: PrototypeName;
  /** Its parameters in order, which is also the order in which MPI_Type_get_contents gives them back. */
  readonly parameters: readonly (readonly [name: string, kind: ParameterKind])[];
}

const TYPE = ["type", "type"] as const;
const COUNT = ["count", "count"] as const;
const LENGTH = ["", "length"] as const;
const DIMENSIONS = ["", "dimensions"] as const;
const BLOCKLENGTH = ["blocklength", "count"] as const;
const BLOCKLENGTHS = ["blocklengths", "counts"] as const;
const STEPS = ["displacements", "steps"] as const;
const ADDRESSES = ["displacements", "addresses"] as const;
const ORDER = ["order", "order"] as const;

/** All that differs between the constructors. */
export const CONSTRUCTORS: Readonly<Record<Combiner, Constructor>> = {
  dup: { function: "MPI_Type_dup", parameters: [TYPE] },
  contiguous: { function: "MPI_Type_contiguous", parameters: [COUNT, TYPE] },
  vector: { function: "MPI_Type_vector", parameters: [COUNT, BLOCKLENGTH, ["stride", "step"], TYPE] },
  hvector: {
    function: "MPI_Type_create_hvector",
    parameters: [COUNT, BLOCKLENGTH, ["stride", "address"], TYPE],
  },
  indexed: { function: "MPI_Type_indexed", parameters: [LENGTH, BLOCKLENGTHS, STEPS, TYPE] },
  hindexed: { function: "MPI_Type_create_hindexed", parameters: [LENGTH, BLOCKLENGTHS, ADDRESSES, TYPE] },
  indexedBlock: { function: "MPI_Type_create_indexed_block", parameters: [LENGTH, BLOCKLENGTH, STEPS, TYPE] },
  hindexedBlock: {
    function: "MPI_Type_create_hindexed_block",
    parameters: [LENGTH, BLOCKLENGTH, ADDRESSES, TYPE],
  },
  struct: {
    function: "MPI_Type_create_struct",
    parameters: [LENGTH, BLOCKLENGTHS, ADDRESSES, ["types", "types"]],
  },
  subarray: {
    function: "MPI_Type_create_subarray",
    parameters: [DIMENSIONS, ["sizes", "counts"], ["subsizes", "counts"], ["starts", "counts"], ORDER, TYPE],
  },
  darray: {
    function: "MPI_Type_create_darray",
    parameters: [
      ["size", "int"],
      ["rank", "int"],
      DIMENSIONS,
      ["gsizes", "counts"],
      ["distribs", "distributions"],
      ["dargs", "distributionArguments"],
      ["psizes", "ints"],
      ORDER,
      TYPE,
    ],
  },
  resized: {
    function: "MPI_Type_create_resized",
    parameters: [TYPE, ["lb", "address"], ["extent", "address"]],
  },
};

/** The kinds whose parameters are wider in the function with `_c`. */
export const COUNTED: ReadonlySet<ParameterKind> = new Set(["length", "count", "counts", "step", "steps"]);
/** The kinds that count bytes. */
export const ADDRESSED: ReadonlySet<ParameterKind> = new Set(["address", "addresses"]);
/** The kinds of which there is an array. */
export const ARRAYS: ReadonlySet<ParameterKind> = new Set([
  "counts",
  "steps",
  "addresses",
  "ints",
  "distributions",
  "distributionArguments",
  "types",
]);
