#!/bin/sh
# Compiles the library again in this directory.
cd -- "$(dirname -- "$0")" || exit
exec /usr/bin/cc \
  -std=gnu11 \
  -shared \
  -fPIC \
  -O3 \
  -march=native \
  -fno-math-errno \
  -fno-trapping-math \
  -frounding-math \
  -fno-strict-aliasing \
  -w \
  -ffp-contract=off \
  -pipe \
  -I/tmp/wt-ops/build/njit-cache/include \
  -MD \
  -MF \
  included.d \
  njit_anonymous_a8319a73121e88e042126f0cba0c8a39_c9c51890012020f902605b3c3f1c300b.c \
  '-Wl,-rpath,$ORIGIN' \
  -lm \
  -o \
  libtyped-mpi-njit_anonymous_a8319a73121e88e042126f0cba0c8a39_c9c51890012020f902605b3c3f1c300b.so
