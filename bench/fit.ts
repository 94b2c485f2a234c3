/** How a cost grows: the least-squares fit of the model that it should follow. */
import { Matrix, solve } from "ml-matrix";

/** A cost as a + b f(x). */
export interface Model {
  readonly title: string;
  readonly of: (x: number) => number;
}

export const bySize: Model = { title: "a + b n", of: (x) => x };
export const byRanks: Model = { title: "a + b p", of: (x) => x };
export const logarithmic: Model = { title: "a + b log2 p", of: Math.log2 };
export const perDecade: Model = { title: "a + b log10 N", of: Math.log10 };

export interface Fit {
  readonly a: number;
  readonly b: number;
  /** How far the model is off, relative to what was measured: the root of the mean square. */
  readonly deviation: number;
  readonly at: (x: number) => number;
}

/**
 * Fits a and b by the squares of the relative errors, so that the cost of a byte counts as much as that of a megabyte. A
 * cost does not begin below zero: if it would, a is 0.
 * @throws RangeError for fewer than two points
 */
export function fit(points: readonly { readonly x: number; readonly y: number }[], { of }: Model): Fit {
  if (points.length < 2) throw new RangeError("a line needs two points");
  const ones = Matrix.columnVector(points.map(() => 1));
  const solved = (columns: (x: number) => number[]): number[] =>
    solve(new Matrix(points.map(({ x, y }) => columns(x).map((value) => value / y))), ones, true).to1DArray();
  let [a = 0, b = 0] = solved((x) => [1, of(x)]);
  if (a < 0) [a, b] = [0, solved((x) => [of(x)])[0] as number];
  const at = (x: number): number => a + b * of(x);
  const squares = points.map(({ x, y }) => (at(x) / y - 1) ** 2);
  const deviation = Math.sqrt(squares.reduce((sum, each) => sum + each, 0) / points.length);
  return { a, b, deviation, at };
}
