import { writeFileSync } from "node:fs";
import { encode } from "fast-png";

/** The colour map "inferno" of matplotlib, from cold to hot, at equal distances. */
const INFERNO: readonly (readonly [red: number, green: number, blue: number])[] = [
  [0, 0, 4],
  [31, 12, 72],
  [85, 15, 109],
  [136, 34, 106],
  [186, 54, 85],
  [227, 89, 51],
  [249, 140, 10],
  [249, 201, 50],
  [252, 255, 164],
];

/** Pixels of a point, in each direction. */
const SCALE = 3;

/** White pixels between two fields. */
const GAP = 8;

/**
 * Writes fields side by side as a PNG file. Colours go from 0 to 1, the same in all fields.
 * @param fields Each of `height` rows of `width` values; what follows them is not shown.
 */
export function writePicture(
  path: string,
  fields: readonly Float64Array[],
  width: number,
  height: number,
): void {
  const pitch = width * SCALE + GAP;
  const image = { width: fields.length * pitch - GAP, height: height * SCALE, channels: 3 };
  const data = new Uint8Array(image.width * image.height * image.channels).fill(255);
  fields.forEach((field, place) => {
    for (let y = 0; y < height * SCALE; y++) {
      for (let x = 0; x < width * SCALE; x++) {
        const value = field[Math.floor(y / SCALE) * width + Math.floor(x / SCALE)] ?? 0;
        data.set(colour(value), (y * image.width + place * pitch + x) * image.channels);
      }
    }
  });
  writeFileSync(path, encode({ ...image, data }));
}

/** The colour of a temperature. By its root, so that what is nearly cold differs from what is. */
function colour(temperature: number): readonly number[] {
  const place = Math.sqrt(Math.min(Math.max(temperature, 0), 1)) * (INFERNO.length - 1);
  const index = Math.min(Math.floor(place), INFERNO.length - 2);
  const [from, to] = INFERNO.slice(index, index + 2);
  if (from === undefined || to === undefined) return [0, 0, 0]; // not a number
  return from.map((value, i) => Math.round(value + (place - index) * ((to[i] ?? value) - value)));
}
