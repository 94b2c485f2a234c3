import { SLOTS } from "./slots.js";

/**
 * What makes a library an addon of Node (https://nodejs.org/api/n-api.html): it exports a function that takes the address
 * of slots, and leaves there where `njit_call` is; and the address of a number, to give a function that runs what is told by
 * the slots whose address the number is then. Such a call takes half of the time of one by koffi, or less. The
 * declarations are those of node_api.h; where Node is not, nothing is exported.
 */
export const NODE_API: string = `#ifdef __linux__
typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
__attribute__((weak)) int napi_get_cb_info(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
__attribute__((weak)) int napi_get_value_double(napi_env, napi_value, double *);
__attribute__((weak)) int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);

/* Not inlined: it would be compiled twice. */
__attribute__((noinline)) void njit_call(slot *c);
static napi_value njit_run(napi_env env, napi_callback_info info) {
  void *current;
  if (napi_get_cb_info(env, info, 0, 0, 0, &current) == 0) {
    slot *c = (slot *)(intptr_t)*(double *)current;
    ((void (*)(slot *))(intptr_t)c[${SLOTS.entry}].i)(c);
  }
  return 0;
}
static napi_value njit_bind(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value given[2], run = 0;
  double slots, current;
  if (napi_get_cb_info(env, info, &count, given, 0, 0) == 0 && napi_get_value_double(env, given[0], &slots) == 0 &&
      napi_get_value_double(env, given[1], &current) == 0) {
    ((slot *)(intptr_t)slots)[${SLOTS.entry}].i = (intptr_t)njit_call;
    napi_create_function(env, 0, 0, njit_run, (void *)(intptr_t)current, &run);
  }
  return run;
}
napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value bind = 0;
  if (napi_create_function != 0) napi_create_function(env, 0, 0, njit_bind, 0, &bind);
  return bind;
}
#endif
`;
