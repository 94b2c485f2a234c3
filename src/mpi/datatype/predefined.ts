import { Datatype } from "./datatype.js";
import type { Elements } from "./struct.js";

/*
 * The predefined datatypes under their MPI names. MPI 4.0 sections 3.2.2 and 6.9.4. The parameter of their type is
 * what a field of a struct holds.
 */
/** Raw bytes: moved as they are, no arithmetic. */
export const BYTE: Datatype<number> = new Datatype("MPI_BYTE");
export const INT8_T: Datatype<number> = new Datatype("MPI_INT8_T");
export const UINT8_T: Datatype<number> = new Datatype("MPI_UINT8_T");
export const INT16_T: Datatype<number> = new Datatype("MPI_INT16_T");
export const UINT16_T: Datatype<number> = new Datatype("MPI_UINT16_T");
export const INT32_T: Datatype<number> = new Datatype("MPI_INT32_T");
export const UINT32_T: Datatype<number> = new Datatype("MPI_UINT32_T");
export const INT64_T: Datatype<bigint> = new Datatype("MPI_INT64_T");
export const UINT64_T: Datatype<bigint> = new Datatype("MPI_UINT64_T");
export const FLOAT: Datatype<number> = new Datatype("MPI_FLOAT");
export const DOUBLE: Datatype<number> = new Datatype("MPI_DOUBLE");
export const LONG_DOUBLE: Datatype<Elements<number>> = new Datatype("MPI_LONG_DOUBLE");
/** Pairs of floats (real, imaginary). */
export const C_FLOAT_COMPLEX: Datatype<Elements<number>> = new Datatype("MPI_C_FLOAT_COMPLEX");
/** Pairs of doubles (real, imaginary). */
export const C_DOUBLE_COMPLEX: Datatype<Elements<number>> = new Datatype("MPI_C_DOUBLE_COMPLEX");
export const C_BOOL: Datatype<boolean> = new Datatype("MPI_C_BOOL");
export const CHAR: Datatype<number> = new Datatype("MPI_CHAR");
export const SIGNED_CHAR: Datatype<number> = new Datatype("MPI_SIGNED_CHAR");
export const UNSIGNED_CHAR: Datatype<number> = new Datatype("MPI_UNSIGNED_CHAR");
export const WCHAR: Datatype<number> = new Datatype("MPI_WCHAR");
export const SHORT: Datatype<number> = new Datatype("MPI_SHORT");
export const UNSIGNED_SHORT: Datatype<number> = new Datatype("MPI_UNSIGNED_SHORT");
export const INT: Datatype<number> = new Datatype("MPI_INT");
export const UNSIGNED: Datatype<number> = new Datatype("MPI_UNSIGNED");
export const LONG: Datatype<number | bigint> = new Datatype("MPI_LONG");
export const UNSIGNED_LONG: Datatype<number | bigint> = new Datatype("MPI_UNSIGNED_LONG");
export const LONG_LONG: Datatype<bigint> = new Datatype("MPI_LONG_LONG");
export const UNSIGNED_LONG_LONG: Datatype<bigint> = new Datatype("MPI_UNSIGNED_LONG_LONG");
export const AINT: Datatype<bigint> = new Datatype("MPI_AINT");
export const COUNT: Datatype<bigint> = new Datatype("MPI_COUNT");
export const OFFSET: Datatype<bigint> = new Datatype("MPI_OFFSET");
export const PACKED: Datatype<Elements<number>> = new Datatype("MPI_PACKED");
/** Pairs for MAXLOC and MINLOC. */
export const FLOAT_INT: Datatype<Elements<number>> = new Datatype("MPI_FLOAT_INT");
export const DOUBLE_INT: Datatype<Elements<number>> = new Datatype("MPI_DOUBLE_INT");
export const LONG_INT: Datatype<Elements<number>> = new Datatype("MPI_LONG_INT");
/** MPI_2INT: a TypeScript name cannot begin with a digit. */
export const INT_INT: Datatype<Elements<number>> = new Datatype("MPI_2INT");
export const SHORT_INT: Datatype<Elements<number>> = new Datatype("MPI_SHORT_INT");
export const LONG_DOUBLE_INT: Datatype<Elements<number>> = new Datatype("MPI_LONG_DOUBLE_INT");
