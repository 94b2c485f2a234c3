"""What the programs of this folder share: the same work as those of the same name in typed-mpi's."""

import dijitso

dijitso.set_log_level("ERROR")

SOURCE = 'extern "C" int answer() { return %d; }\n'


def generate(jitable, name, signature, params):
    return "", SOURCE % jitable, ()


def params(cache_dir):
    return {"cache": {"cache_dir": cache_dir}}


def jit(jitable, name, cache_dir):
    return dijitso.jit(jitable, name, params(cache_dir), generate)
