import type { Handle } from "../abi/abi.js";
import { binding, hasFunction, native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { HandleArray } from "../bindings/scratch.js";
import { MpiError } from "../error.js";
import { distributionConstant, orderConstant } from "./construct.js";
import { freeHandle, replaced } from "./lifetime.js";
import {
  ADDRESSED,
  ARRAYS,
  CONSTRUCTORS,
  COUNTED,
  type Combiner,
  type DerivedRecipe,
  type Distribution,
  type ParameterKind,
} from "./recipe.js";

/**
 * The recipe of a datatype; undefined for a predefined one. The derived datatypes in it are new, and must be
 * freed.
 * @throws MpiError `ERR_MPI_UNSUPPORTED` for a combiner that is not in {@link CONSTRUCTORS}
 * @see MPI_Type_get_envelope, MPI_Type_get_contents, MPI 4.0 section 5.1.13
 */
export function recipeOf(handle: Handle): DerivedRecipe<Handle> | undefined {
  const asked = replaced.get(handle);
  if (asked !== undefined) return { ...asked, type: typeWithin(handle, 4) } as DerivedRecipe<Handle>;
  const envelope = envelopeOf(handle);
  const { abi } = binding();
  if (envelope.combiner === abi.integer("MPI_COMBINER_NAMED")) return undefined;
  const combiners = Object.keys(CONSTRUCTORS) as Combiner[];
  const combiner = combiners.find((each) => abi.integer(combinerConstant(each)) === envelope.combiner);
  if (combiner !== undefined) return readContents(combiner, contentsOf(handle, envelope));
  throw new MpiError("This datatype was made by a constructor that cannot be decoded here", {
    code: "ERR_MPI_UNSUPPORTED",
    operation: "MPI_Type_get_envelope",
  });
}

/** The type in the type in ... a datatype, so many levels down. */
function typeWithin(handle: Handle, levels: number): Handle {
  const type = contentsOf(handle, envelopeOf(handle)).types.get(0);
  if (levels === 1) return type;
  const within = typeWithin(type, levels - 1);
  freeHandle(type);
  return within;
}

/** The names of the combiners in mpi.h are ours in capital letters. */
const combinerConstant = (combiner: Combiner): string =>
  `MPI_COMBINER_${combiner.replace("Block", "_BLOCK").toUpperCase()}`;

/** What a datatype was made of, in numbers. */
interface Envelope {
  /** As mpi.h has it. */
  readonly combiner: number;
  readonly integers: number;
  readonly addresses: number;
  /** MPI_Counts: all counts and addresses of a datatype that was made by a function with `_c`, else none. */
  readonly counts: number;
  readonly types: number;
}

function envelopeOf(handle: Handle): Envelope {
  const combiner = new Int32Array(1);
  // The functions without `_c` refuse what those with it have made.
  if (hasFunction("MPI_Type_get_envelope_c")) {
    const out = new BigInt64Array(4);
    const [ni, na, nc, nd] = [0, 1, 2, 3].map((i) => out.subarray(i)) as [View, View, View, View];
    const code = native.MPI_Type_get_envelope_c(handle, ni, na, nc, nd, combiner);
    check(code, "MPI_Type_get_envelope_c");
    const [integers, addresses, counts, types] = Array.from(out, Number) as [number, number, number, number];
    return { combiner: combiner[0] as number, integers, addresses, counts, types };
  }
  const out = new Int32Array(3);
  const code = native.MPI_Type_get_envelope(handle, out, out.subarray(1), out.subarray(2), combiner);
  check(code, "MPI_Type_get_envelope");
  const [integers, addresses, types] = Array.from(out) as [number, number, number];
  return { combiner: combiner[0] as number, integers, addresses, counts: 0, types };
}

type View = BigInt64Array;

/** The arguments that the constructor had, each kind in order. */
interface Contents {
  readonly integers: Int32Array;
  readonly addresses: BigInt64Array;
  readonly counts: BigInt64Array;
  readonly types: HandleArray;
}

function contentsOf(
  handle: Handle,
  { integers: ni, addresses: na, counts: nc, types: nd }: Envelope,
): Contents {
  // One entry more than is needed: an empty array has no address.
  const integers = new Int32Array(ni + 1);
  const addresses = new BigInt64Array(na + 1);
  const counts = new BigInt64Array(nc + 1);
  const types = new HandleArray(nd + 1);
  if (hasFunction("MPI_Type_get_contents_c")) {
    const arrays = [integers, addresses, counts, types.view] as const;
    check(native.MPI_Type_get_contents_c(handle, ni, na, nc, nd, ...arrays), "MPI_Type_get_contents_c");
  } else {
    const arrays = [integers, addresses, types.view] as const;
    check(native.MPI_Type_get_contents(handle, ni, na, nd, ...arrays), "MPI_Type_get_contents");
  }
  return { integers, addresses, counts: counts.subarray(0, nc), types };
}

/** Takes the values of the parameters one after the other, each from the array for its kind. */
function readContents(combiner: Combiner, contents: Contents): DerivedRecipe<Handle> {
  const integers = contents.integers.values();
  const addresses = contents.addresses.values();
  const counts = contents.counts.values();
  let types = 0;
  const next = (kind: ParameterKind): unknown => {
    if (kind === "type" || kind === "types") return contents.types.get(types++);
    const isCount = contents.counts.length > 0 && (COUNTED.has(kind) || ADDRESSED.has(kind));
    const from = isCount ? counts : ADDRESSED.has(kind) ? addresses : integers;
    return meaning(kind, Number(from.next().value));
  };
  const recipe: Record<string, unknown> = { combiner };
  let length = 0;
  for (const [key, kind] of CONSTRUCTORS[combiner].parameters) {
    if (key === "") length = next(kind) as number;
    else recipe[key] = ARRAYS.has(kind) ? Array.from({ length }, () => next(kind)) : next(kind);
  }
  return recipe as unknown as DerivedRecipe<Handle>;
}

const DISTRIBUTIONS: readonly Distribution[] = ["block", "cyclic", "none"];

/** A number from the library as users see it. */
function meaning(kind: ParameterKind, value: number): unknown {
  if (kind === "order") return value === orderConstant("C") ? "C" : "fortran";
  if (kind === "distributions") return DISTRIBUTIONS.find((each) => distributionConstant(each) === value);
  if (kind !== "distributionArguments") return value;
  return value === binding().abi.integer("MPI_DISTRIBUTE_DFLT_DARG") ? undefined : value;
}
