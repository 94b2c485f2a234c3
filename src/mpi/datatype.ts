/** Datatypes. MPI 4.0 chapter 5 (packing is in datatype/pack.ts) */
export { Datatype } from "./datatype/datatype.js";
export * from "./datatype/predefined.js";
export type { ArrayOrder, DerivedRecipe, Distribution, Integers, Recipe } from "./datatype/recipe.js";
export type {
  Elements,
  Fields,
  FieldType,
  FieldValue,
  StructOptions,
  StructRecord,
} from "./datatype/struct.js";
export { StructDatatype } from "./datatype/struct-datatype.js";
