"""bcast-object CALLS BATCHES: a nested structure of about 10 MB from rank 0 to rank 1."""

import sys

from mpi4py import MPI

from measure import measure

ROWS = 70_000

comm = MPI.COMM_WORLD
value = {
    "rows": [
        {
            "id": i,
            "name": f"item {i}",
            "tags": ["a", "b", f"c{i % 10}"],
            "position": {"x": i * 0.5, "y": i * 0.25, "z": -i},
            "ok": i % 2 == 0,
            "values": [i, i + 1, i + 2, i * 1.5],
        }
        for i in range(ROWS)
    ]
}


def bcast(calls):
    for _ in range(calls):
        received = comm.bcast(value if comm.rank == 0 else None)
        assert len(received["rows"]) == ROWS
        comm.Barrier()


measure("bcast-object", int(sys.argv[1]), int(sys.argv[2]), 1, bcast)
