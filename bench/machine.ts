/** What the figures were measured on: everything that changes them, and nothing that names the machine. */
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, release, type } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
}

export async function describeMachine(): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    system: `${await distribution()}, ${type()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

async function distribution(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return text.match(/^PRETTY_NAME="?([^"\n]*)/m)?.[1] ?? process.platform;
}
