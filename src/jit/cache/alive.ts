import { readFileSync } from "node:fs";

/**
 * Whether a process of this host has the id. One that has ended is none, though its parent has not asked how: where the
 * first process of a container never asks, such ids stay.
 */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return !hasEnded(pid);
}

/** What Linux says; elsewhere false. */
function hasEnded(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Its state comes after its name, which may have parentheses itself (proc(5)).
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}
