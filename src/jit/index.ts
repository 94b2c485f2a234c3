/**
 * Shared libraries from generated C and C++, compiled once and cached, as dijitso has them.
 *
 * @packageDocumentation
 */
import "./preload.js";

export { type BuildResult, buildSharedLibrary, type Generated } from "./build.js";
export { cleanCache } from "./cache/clean.js";
export {
  compressSourceCode,
  extractFiles,
  readInc,
  readLog,
  readSrc,
  storeInc,
  storeLog,
  storeSrc,
} from "./cache/content.js";
export { extractFunction } from "./cache/function-text.js";
export {
  analyseLoadError,
  checkCacheIntegrity,
  getDependencies,
  reportCacheIntegrity,
} from "./cache/integrity.js";
export { readLibraryBinary, writeLibraryBinary } from "./cache/library-binary.js";
export { extractLibSignatures, globCache } from "./cache/listing.js";
export {
  createFailDirPath,
  createIncBasename,
  createIncFilename,
  createLibBasename,
  createLibFilename,
  createLibname,
  createLogFilename,
  createSrcBasename,
  createSrcFilename,
  ensureDirs,
  makeIncDir,
  makeLibDir,
  makeLogDir,
  makeSrcDir,
} from "./cache/names.js";
export { grepCache } from "./cache/search.js";
export { stagingDirectory as tempDir } from "./cache/staging.js";
export { makeCompileCommand, makeUnique } from "./compiler/command.js";
export { discoverConfigFilename, readConfigFile, sessionDefaultParams } from "./config.js";
export { JitError, type JitErrorCode } from "./error.js";
export {
  type AsyncCallbacks,
  type Callbacks,
  type Generate,
  type Jitted,
  jit,
  jitAsync,
} from "./jit.js";
export { type CArgument, type CFunction, extractFactoryFunction, type JitLibrary } from "./library.js";
export { loadLibrary, lookupLib } from "./loaded.js";
export { getLogger, setLogHandler, setLogLevel } from "./log.js";
export {
  type BuildParams,
  type CacheParams,
  checkParamsKeys,
  copyParams,
  defaultBuildParams,
  defaultCacheParams,
  defaultCxxCompiler,
  defaultCxxDebugFlags,
  defaultCxxFlags,
  defaultCxxReleaseFlags,
  defaultGeneratorParams,
  defaultParams,
  type GeneratorParams,
  type GivenParams,
  mergeParams,
  type Params,
  validateParams,
} from "./params.js";
export { receiveBinary, roleCallbacks, sendBinary } from "./roles/binary.js";
export {
  type BuildOn,
  type CommsAndRole,
  createCommsAndRole,
  createCommsAndRoleNode,
  createCommsAndRoleProcess,
  createCommsAndRoleRoot,
  createNodeComm,
  createNodeRootsComm,
  createSubcomm,
  type Role,
} from "./roles/communicators.js";
export {
  type JittedOnComm,
  jitOnComm,
  jitOnCommAsync,
  type MpiJitOptions,
  mpiJit,
  type OnCommOptions,
} from "./roles/on-comm.js";
export { bcastUuid, discoverPathAccessRanks, gatherGlobalPartitions } from "./roles/partition.js";
export { canonicalizeParamsForHashing, hashit, hashParams, jitSignature } from "./signature.js";
export {
  getStatusOutput,
  gunzipFile,
  gzipFile,
  ldd,
  lockfreeMoveFile,
  makeDirs,
  makeExecutable,
  moveFile,
  readTextfile,
  renameFile,
  storeTextfile,
  tryCopyFile,
  tryDeleteFile,
  tryRenameFile,
} from "./system.js";
