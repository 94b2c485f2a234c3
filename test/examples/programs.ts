/* All programs of the tutorial, one after the other in one job: starting a job takes longer than they do. */
import { readdirSync } from "node:fs";

const folder = new URL("../../examples/tutorial/", import.meta.url);
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".js"))
  .sort();
for (const name of names) {
  await import(new URL(name, folder).href);
  console.log(`ran ${name}`);
}
