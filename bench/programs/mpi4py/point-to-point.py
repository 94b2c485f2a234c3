"""point-to-point BATCH_US BATCHES SIZES OPERATIONS: two ranks, as osu_latency, osu_bw and osu_bibw count it."""

from mpi4py import MPI

from sweep import comm, is_asked, largest, sizes, sweep, touched

WINDOW = 64

other = 1 - comm.rank
outgoing, incoming = touched(largest), touched(largest)
signal = touched(4)


def latency(calls, out, into):
    if comm.rank == 0:
        for _ in range(calls):
            comm.Send(out, other, 1)
            comm.Recv(into, other, 1)
    else:
        for _ in range(calls):
            comm.Recv(into, other, 1)
            comm.Send(out, other, 1)


def end_of_window():
    if comm.rank == 0:
        comm.Recv(signal, other, 2)
    else:
        comm.Send(signal, other, 2)


def bandwidth(calls, out, into):
    for _ in range(calls):
        if comm.rank == 0:
            requests = [comm.Isend(out, other, 1) for _ in range(WINDOW)]
        else:
            requests = [comm.Irecv(into, other, 1) for _ in range(WINDOW)]
        MPI.Request.Waitall(requests)
        end_of_window()


def bidirectional(calls, out, into):
    for _ in range(calls):
        requests = [comm.Irecv(into, other, 1) for _ in range(WINDOW)]
        requests += [comm.Isend(out, other, 1) for _ in range(WINDOW)]
        MPI.Request.Waitall(requests)
        end_of_window()


for name, work, parts in [
    ("latency", latency, 2),
    ("bandwidth", bandwidth, WINDOW),
    ("bidirectional", bidirectional, WINDOW),
]:
    if not is_asked(name):
        continue
    for size in sizes:
        out, into = outgoing[:size], incoming[:size]
        sweep(name, size, parts, lambda calls: work(calls, out, into))
