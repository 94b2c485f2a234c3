/** The peers that run in Node: typed-mpi with each FFI engine, compiled functions, bare koffi, plain JavaScript. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Peer, PeerName } from "./peer.js";

interface InNode {
  readonly name: PeerName;
  readonly title: string;
  /** The folder of its programs. */
  readonly folder: string;
  /** The FFI engine of typed-mpi. */
  readonly engine?: string;
  /** The Node that runs it; default this one. */
  readonly node?: (root: string) => string;
  /** @throws Error with why it is missing */
  readonly version: (root: string) => Promise<string>;
}

/** Its programs are JavaScript in `programs/<folder>`, with the environment that they need. */
const inNode = ({
  name,
  title,
  folder,
  engine = "koffi",
  node = () => process.execPath,
  version,
}: InNode): Peer => ({
  name,
  title,
  async find(mpi, { root, compiled }) {
    try {
      return {
        version: await version(root),
        program: async (program, nodeOptions) => ({
          command: [node(root), ...nodeOptions, `${compiled}/programs/${folder}/${program}.js`],
          env: { BENCH_MPI: mpi.name, TYPED_MPI_FFI: engine },
        }),
      };
    } catch (error) {
      return { missing: (error as Error).message };
    }
  },
});

const packageVersion = async (file: string): Promise<string> =>
  JSON.parse(await readFile(file, "utf8")).version;

const ownVersion = (root: string): Promise<string> => packageVersion(`${root}/package.json`);

export const typedMpi: Peer = inNode({
  name: "typed-mpi",
  title: "typed-mpi",
  folder: "typed-mpi",
  version: ownVersion,
});

export const onFfiRs: Peer = inNode({
  name: "ffi-rs",
  title: "typed-mpi on ffi-rs",
  folder: "typed-mpi",
  engine: "ffi-rs",
  async version(root) {
    const version = await packageVersion(`${root}/node_modules/ffi-rs/package.json`).catch(() => {
      throw new Error("ffi-rs, an optional dependency, is not installed");
    });
    return `ffi-rs ${version}`;
  },
});

/** This Node if it has node:ffi, else the one that ci/peers.mjs installs. */
const nodeWithFfi = (root: string): string =>
  process.getBuiltinModule("node:ffi") === undefined
    ? `${root}/node_modules/.cache/bench-node/node_modules/.bin/node`
    : process.execPath;

export const onNodeFfi: Peer = inNode({
  name: "node-ffi",
  title: "typed-mpi on node:ffi",
  folder: "typed-mpi",
  engine: "node",
  node: nodeWithFfi,
  async version(root) {
    const asked = await promisify(execFile)(nodeWithFfi(root), ["--version"]).catch(() => {
      throw new Error(`node:ffi needs Node 26, this is ${process.versions.node}`);
    });
    return `Node ${asked.stdout.trim().slice(1)}`;
  },
});

export const njit: Peer = inNode({
  name: "njit",
  title: "njit",
  folder: "njit",
  version: ownVersion,
});

export const koffi: Peer = inNode({
  name: "koffi",
  title: "bare koffi",
  folder: "koffi",
  version: (root) => packageVersion(`${root}/node_modules/koffi/package.json`),
});

export const v8: Peer = inNode({
  name: "v8",
  title: "V8",
  folder: "v8",
  version: async () => process.versions.v8,
});
