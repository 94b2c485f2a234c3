/* Whether a library is for this machine. The loader would tell, but in a cache it is no error: only a miss. */

interface Machine {
  /** Bits of an address. */
  readonly bits: 32 | 64;
  /** ELF's `e_machine`. */
  readonly elf: number;
  /** Mach-O's `cputype`. */
  readonly mach?: number;
}

/** By Node's `process.arch`. */
const MACHINES: Readonly<Record<string, Machine>> = {
  x64: { bits: 64, elf: 62, mach: 0x01000007 },
  arm64: { bits: 64, elf: 183, mach: 0x0100000c },
  ia32: { bits: 32, elf: 3 },
  arm: { bits: 32, elf: 40 },
  ppc64: { bits: 64, elf: 21 },
  s390x: { bits: 64, elf: 22 },
  riscv64: { bits: 64, elf: 243 },
  loong64: { bits: 64, elf: 258 },
};

/**
 * Why these bytes cannot be a shared library of this machine, or undefined if they can.
 * @param arch As Node names it. Default: this machine's.
 */
export function foreignness(library: Uint8Array, arch: string = process.arch): string | undefined {
  const machine = MACHINES[arch];
  if (library.length < 20) return "it is no library";
  const view = new DataView(library.buffer, library.byteOffset, library.byteLength);
  const magic = view.getUint32(0);
  if (magic === 0x7f454c46) {
    const bits = view.getUint8(4) === 2 ? 64 : 32;
    if (machine !== undefined && bits !== machine.bits) return `it is for machines of ${bits} bits`;
    const type = view.getUint16(18, view.getUint8(5) === 1);
    if (machine !== undefined && type !== machine.elf) return `it is for another machine (ELF type ${type})`;
    return process.platform === "linux" || process.platform.endsWith("bsd")
      ? undefined
      : "it is for another system";
  }
  if (magic === 0xcffaedfe) {
    const type = view.getUint32(4, true);
    if (machine?.mach !== undefined && type !== machine.mach)
      return `it is for another machine (Mach-O type ${type})`;
    return process.platform === "darwin" ? undefined : "it is for another system";
  }
  const isForWindows = view.getUint16(0) === 0x4d5a;
  if (isForWindows) return process.platform === "win32" ? undefined : "it is for another system";
  return process.platform === "linux" ? "it is no library" : undefined;
}
