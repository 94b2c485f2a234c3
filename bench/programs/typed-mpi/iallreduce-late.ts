/** iallreduce-late CALLS: as allreduce-late; what differs is the peer. */
import "./allreduce-late.js";
