/*
 * program FOLDER [ARGUMENT...]: all programs of a folder of the examples with these arguments, one after the other
 * in one job: starting a job takes longer than they do.
 */
import { readdirSync } from "node:fs";

const [name = ""] = process.argv.splice(2, 1);
const folder = new URL(`../../examples/${name}/`, import.meta.url);
const programs = readdirSync(folder)
  .filter((file) => file.endsWith(".js"))
  .sort();
for (const program of programs) {
  await import(new URL(program, folder).href);
  console.log(`ran ${program}`);
}
