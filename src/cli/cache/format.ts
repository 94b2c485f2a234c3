import { usageError } from "../error.js";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** `1.2 MB`: powers of 1000, three digits. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // 999.5 would be shown as 1000.
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(value >= 9.995 ? 1 : 2)} ${UNITS[unit]}`;
}

const FACTORS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/**
 * The bytes in `500M`, `1.5 GB`, `2GiB` or `1000000`. `K`, `M`, `G` and `T` are powers of 1000, with `i` of 1024.
 * @throws CommandError `ERR_USAGE`
 */
export function parseBytes(option: string, given: string): number {
  const [, digits, unit = "", binary] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt])?(i)?b?\s*$/i.exec(given) ?? [];
  const power = Object.keys(FACTORS).indexOf(unit.toLowerCase());
  if (digits === undefined || (binary !== undefined && unit === "")) {
    throw usageError(`${option}: expected a size such as 500M, 2GiB or 1000000, got "${given}"`);
  }
  return Math.round(Number(digits) * (binary ? 1024 ** power : (FACTORS[unit.toLowerCase()] as number)));
}

/** `2026-11-21 04:55`, in UTC as the manifests have it. */
export const formatDate = (date: string): string => date.slice(0, 16).replace("T", " ");

/** Columns, each as wide as its widest entry; `end` columns begin at their right. */
export function table(rows: readonly (readonly string[])[], end: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  const pad = (cell: string, i: number): string =>
    end.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}

/** `1 library`, `2 libraries`. */
export const plural = (n: number, one: string, many: string = `${one}s`): string =>
  `${n} ${n === 1 ? one : many}`;
