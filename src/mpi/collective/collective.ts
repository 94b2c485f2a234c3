import { PROC_NULL, ROOT } from "../constants.js";
import { Partitioned } from "../partitioned.js";
import type { Role } from "./parts.js";

/** What the chapters of collective communication share. MPI 4.0 section 6.2 */
export abstract class Collective extends Partitioned {
  /** How an operation with this root concerns this process. */
  protected role(root: number): Role {
    if (!this.isInter) return root === this.rank ? "root" : "other";
    if (root === ROOT) return "remote root";
    return root === PROC_NULL ? "none" : "other";
  }
}
