import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type PrototypeName, prototypes, versionOf } from "../../src/mpi/bindings/prototypes.js";
import { cTypeOf, parsePrototype } from "../../src/mpi/bindings/signature.js";
import { assertHeaders, type Header, headers, run } from "./headers.js";

/** Functions in headers that the table leaves out, and why. */
const LEFT_OUT: readonly (readonly [string, RegExp])[] = [
  ["the tools interface", /^MPI_T_/],
  ["removed in MPI-3.0", /^MPI_(Address|Errhandler_(create|get|set))$/],
  ["removed in MPI-3.0", /^MPI_Type_(extent|lb|ub|hindexed|hvector|struct)$/],
  ["never in the standard, only in Open MPI 5.0", /^MPI_Session_set_info$/],
  ["never in the standard, only in MPICH 5.0's header of the standard's ABI", /^MPI_P(send|recv)_init_c$/],
];

/**
 * Functions that MPICH 5.0.2's header of the standard's ABI declares otherwise than the standard and than its
 * other headers: with an int for an MPI_Count, and with an MPI_F08_Status for an MPI_F08_status.
 */
const WRONG_IN: Partial<Record<string, RegExp>> = {
  standard: /^MPI_(P(send|recv)_init|Status_(c2f08|f082c))$/,
};

const names = Object.keys(prototypes) as PrototypeName[];

/** Every `MPI_` function that the header declares, with the text of its result and of its arguments. */
function declared(header: Header): Map<string, { result: string; args: string }> {
  const declaration = /^ ?(?:extern )?(\w[\w ]*\**) ?\b(MPI_\w+) ?\(([^{]*)\) ?$/;
  const all = new Map<string, { result: string; args: string }>();
  for (const statement of header.text.split(/[;}]/)) {
    const [, result = "typedef", name = "", args = ""] = declaration.exec(statement) ?? [];
    if (!result.startsWith("typedef")) all.set(name, { result: result.trim(), args: args.trim() });
  }
  return all;
}

/**
 * The functions whose type in the header is another one than in the table, by the compiler's judgement.
 * `const` counts for nothing: a call is the same with it, and the headers' versions differ in it.
 */
function mismatches(header: Header, lines: Record<string, string>): string[] {
  const own = declared(header);
  const checks = Object.entries(lines)
    .filter(([name]) => own.has(name) && !WRONG_IN[header.family]?.test(name))
    .map(([name, line]) => {
      const pointer = line.replace(/^(\w+) \(/, "$1 (*)(");
      return `_Static_assert(__builtin_types_compatible_p(__typeof__(&${name}), ${pointer}), "${name}");`;
    });
  const source = [
    "#include <stddef.h>",
    "#include <stdint.h>",
    "#define const",
    "#include <mpi.h>",
    ...checks,
    "",
  ];
  const args = ["-fsyntax-only", "-w", `-I${header.directory}`, "-x", "c", "-"];
  const { status, stderr } = run("cc", args, source.join("\n"));
  if (status === 0) return [];
  const failed = [...stderr.matchAll(/static assertion failed.*?\b(MPI_\w+)"?\s*$/gm)].map(
    ([, name]) => name as string,
  );
  if (failed.length === 0) throw new Error(stderr);
  return failed.map((name) => difference(name, lines[name] as string, own.get(name)));
}

/** Says which argument it is. */
function difference(name: string, line: string, own: { result: string; args: string } | undefined): string {
  const ours = parsePrototype(line);
  const texts = `\n  the table:  ${line}\n  the header: ${own?.result} (${own?.args})`;
  if (own === undefined) return name + texts;
  const theirs = own.args === "void" ? [] : own.args.split(",").filter((text) => text.trim() !== "...");
  if (theirs.length !== ours.args.length) {
    return `${name}: ${ours.args.length} arguments, in the header ${theirs.length}${texts}`;
  }
  const at = ours.args.findIndex(
    ({ type, name: argument }, i) => bare(`${type} ${argument}`) !== bare(theirs[i] ?? ""),
  );
  return at < 0 ? `${name}: result${texts}` : `${name}: argument ${at + 1} (${ours.args[at]?.name})${texts}`;
}

/** A parameter's type without `const`, its name and spaces, arrays as pointers. */
function bare(parameter: string): string {
  const stripped = parameter.replace(/\bconst\b/g, "").trim();
  const unnamed = stripped.replace(/(?<=[\w*] ?)\b\w+((?:\[\d*\])*)$/, "$1");
  return unnamed.replace(/\[\]/g, "*").replace(/\s+/g, "");
}

const table = suite("prototypes against mpi.h");

table("there is a header to compare with", assertHeaders);

for (const header of headers) {
  table(`${header.path}: every prototype has the header's type`, () => {
    assert.ok(declared(header).size > 250, "the header could not be read");
    const found = mismatches(header, prototypes);
    assert.ok(found.length === 0, found.join("\n"));
  });

  table(`${header.path}: no function is missing in the table`, () => {
    const missing = [...declared(header).keys()].filter(
      (name) => !(name in prototypes) && !LEFT_OUT.some(([, pattern]) => pattern.test(name)),
    );
    assert.equal(missing, []);
  });

  table(`${header.path}: a wrong prototype is found, with the argument`, () => {
    const [found = "", ...others] = mismatches(header, {
      MPI_Recv: prototypes.MPI_Recv.replace("int source", "double source"),
      MPI_Send: prototypes.MPI_Send,
    });
    assert.match(found, /^MPI_Recv: argument 4 \(source\)/);
    assert.equal(others, []);
    const [fewer = ""] = mismatches(header, { MPI_Barrier: "int (MPI_Comm comm, int root)" });
    assert.match(fewer, /^MPI_Barrier: 2 arguments, in the header 1/);
    const [result = ""] = mismatches(header, { MPI_Wtime: "int (void)" });
    assert.match(result, /^MPI_Wtime: result/);
  });
}

table.run();

const signatures = suite("signatures");

signatures("a line is read into its result and arguments", () => {
  assert.equal(parsePrototype("int (const void *buf, int count, MPI_Comm *newcomm)"), {
    result: "int",
    args: [
      { type: "const void *", name: "buf" },
      { type: "int", name: "count" },
      { type: "MPI_Comm *", name: "newcomm" },
    ],
  });
  assert.equal(parsePrototype("double (void)"), { result: "double", args: [] });
});

signatures("arrays are pointers", () => {
  const { args } = parsePrototype("int (const int a[], char *b[], char **c[], int d[][3], char ***e)");
  assert.equal(
    args.map(({ type }) => type),
    ["const int *", "char **", "char ***", "int (*)[3]", "char ***"],
  );
});

signatures("variable arguments are dropped", () => {
  assert.equal(parsePrototype(prototypes.MPI_Pcontrol).args, [{ type: "const int", name: "level" }]);
});

signatures("what is no prototype is refused", () => {
  for (const line of ["", "int", "int ()", "int (int)", "int (int a b)", "int (void (*fn)(int))"]) {
    assert.throws(
      () => parsePrototype(line),
      (error: Error) => error instanceof SyntaxError,
      line,
    );
  }
});

signatures("C types", () => {
  const expected: Record<string, readonly [string, string]> = {
    int: ["int32", "int32"],
    "const int": ["int32", "int32"],
    double: ["double", "double"],
    MPI_Fint: ["int32", "int32"],
    MPI_Aint: ["int64", "int64"],
    MPI_Offset: ["int64", "int64"],
    MPI_Count: ["int64", "int64"],
    MPI_File: ["pointer", "pointer"],
    MPI_Comm: ["int32", "pointer"],
    MPI_Datatype: ["int32", "pointer"],
    MPI_Session: ["int32", "pointer"],
    "const void *": ["pointer", "pointer"],
    "MPI_Comm *": ["pointer", "pointer"],
    "int (*)[3]": ["pointer", "pointer"],
    "MPI_User_function *": ["pointer", "pointer"],
  };
  for (const [type, [int32, pointer]] of Object.entries(expected)) {
    assert.is(cTypeOf(type, "int32"), int32, type);
    assert.is(cTypeOf(type, "pointer"), pointer, type);
  }
  for (const type of ["", "void", "long", "MPI_Status", "MPI_User_function"]) {
    assert.throws(
      () => cTypeOf(type, "int32"),
      (error: Error) => error instanceof TypeError && error.message.includes(`"${type}"`),
    );
  }
});

signatures("every line of the table can be declared", () => {
  for (const name of names) {
    const { result, args } = parsePrototype(prototypes[name]);
    for (const type of [result, ...args.map((argument) => argument.type)]) cTypeOf(type, "pointer");
    assert.is(new Set(args.map((argument) => argument.name)).size, args.length, name);
  }
});

signatures("the version that introduced a function", () => {
  const expected: Partial<Record<PrototypeName, string>> = {
    MPI_Send: "1.0",
    MPI_Send_init: "1.0",
    MPI_Comm_split: "1.0",
    MPI_Type_vector: "1.0",
    MPI_Allreduce: "1.0",
    MPI_Get_processor_name: "1.0",
    MPI_Get_version: "1.2",
    MPI_File_open: "2.0",
    MPI_Win_create: "2.0",
    MPI_Comm_spawn: "2.0",
    MPI_Comm_create_errhandler: "2.0",
    MPI_Type_create_resized: "2.0",
    MPI_Publish_name: "2.0",
    MPI_Open_port: "2.0",
    MPI_Alltoallw: "2.0",
    MPI_Exscan: "2.0",
    MPI_Comm_set_name: "2.0",
    MPI_Comm_f2c: "2.0",
    MPI_Status_c2f: "2.0",
    MPI_Dist_graph_create: "2.2",
    MPI_Reduce_scatter_block: "2.2",
    MPI_Op_commutative: "2.2",
    MPI_Ibcast: "3.0",
    MPI_Ireduce_scatter_block: "3.0",
    MPI_Neighbor_alltoallw: "3.0",
    MPI_Ineighbor_allgather: "3.0",
    MPI_Mprobe: "3.0",
    MPI_Imrecv: "3.0",
    MPI_Message_c2f: "3.0",
    MPI_Comm_idup: "3.0",
    MPI_Comm_split_type: "3.0",
    MPI_Win_allocate_shared: "3.0",
    MPI_Win_lock_all: "3.0",
    MPI_Win_set_info: "3.0",
    MPI_Rget: "3.0",
    MPI_Get_accumulate: "3.0",
    MPI_Type_size_x: "3.0",
    MPI_Aint_add: "3.1",
    MPI_File_iread_all: "3.1",
    MPI_File_iwrite_at_all: "3.1",
    MPI_File_iread_at: "2.0",
    MPI_Bcast_c: "4.0",
    MPI_Bcast_init: "4.0",
    MPI_Bcast_init_c: "4.0",
    MPI_Neighbor_allgatherv_init: "4.0",
    MPI_Reduce_scatter_block_init: "4.0",
    MPI_Isendrecv: "4.0",
    MPI_Psend_init: "4.0",
    MPI_Session_init: "4.0",
    MPI_Info_get_string: "4.0",
    MPI_Comm_idup_with_info: "4.0",
    MPI_Comm_attach_buffer: "4.1",
    MPI_Comm_attach_buffer_c: "4.1",
    MPI_Session_flush_buffer: "4.1",
    MPI_Request_get_status: "2.0",
    MPI_Request_get_status_all: "4.1",
    MPI_Status_get_source: "4.1",
    MPI_Status_set_elements: "2.0",
    MPI_Status_set_elements_c: "4.1",
    MPI_Type_get_value_index: "4.1",
    MPI_Abi_get_version: "5.0",
    MPI_Comm_toint: "5.0",
  };
  for (const [name, version] of Object.entries(expected)) {
    assert.is(versionOf(name as PrototypeName), version, name);
  }
});

signatures.run();
