#define BUILDKIT_MARK "\0buildkit "
/* The code of a function, a class or a generator expression that a compiled function makes. */
typedef struct {
  const char *name;            /* NULL behind the last of a list */
  const char *free;            /* the names of its cells */
  int number;                  /* its place among all codes of the module */
  int is_annotated;            /* it has annotations, for which Python 3.14 makes another function */
} buildkit_code;
/* A function of the module: its row is filled when the body first makes it. */
typedef struct {
  buildkit_own_frames frames;
  int first_line, lines;       /* its lines among all */
  const char *name;
  const char *free;            /* the names of its cells */
  vectorcallfunc entry;        /* NULL: it stays Python */
  const buildkit_code *made;   /* the codes that it makes something of; NULL if none */
  int asks;                    /* it may call what asks for its names: it needs a frame */
  PyObject *code;              /* the code that the entry stands for */
  PyObject *names;             /* those of its parameters */
  Py_ssize_t by_position, only_by_position, by_keyword;
  int star, star_star;
} buildkit_function;
static buildkit_function buildkit_functions[];
#if BUILDKIT_FRAMES
static void buildkit_prepare_frames(buildkit_function *row, PyCodeObject *code);
static void buildkit_begin_frames(PyObject *code);
#endif
static const Py_ssize_t buildkit_function_count;
static const char buildkit_names[];
static PyObject *buildkit_codes[];         /* those of which compiled functions make something */
static vectorcallfunc buildkit_in_python;  /* how Python calls its functions */
#define BUILDKIT_CALL PyObject *function, PyObject *const *args, size_t nargsf, PyObject *names
#ifdef Py_GIL_DISABLED
#define BUILDKIT_ALONE 0
#else
#define BUILDKIT_ALONE 1  /* no other thread changes a list or a dictionary while C looks at it */
#endif
static int buildkit_run_body(PyObject *module, const char *source);
static int buildkit_bind(buildkit_function *row, PyObject *function, PyObject *const *args, size_t nargsf, PyObject *names, PyObject **bound, Py_ssize_t total);
static void buildkit_take_over(Py_ssize_t at, PyObject *function);
static int buildkit_load_texts(void);
static PyObject *buildkit_item(PyObject *dictionary, PyObject *key);
static PyObject *buildkit_globals;         /* the module's, for as long as it lives */
static void buildkit_release(PyObject **bound, Py_ssize_t total);
#define BUILDKIT_IS_PLAIN(function, number, nargsf, names, total) \
  ((names) == NULL && PyVectorcall_NARGS(nargsf) == (total) && \
   PyFunction_GET_CODE(function) == buildkit_functions[number].code)
#define BUILDKIT_IS_STARRED(function, number, nargsf, names, total) \
  ((names) == NULL && PyVectorcall_NARGS(nargsf) >= (total) && \
   PyFunction_GET_CODE(function) == buildkit_functions[number].code)
/* What a call has behind the parameters with names: a new tuple. */
static PyObject *buildkit_rest(PyObject *const *args, size_t nargsf, Py_ssize_t named);
/* A call takes of the thread's depth what one of Python takes: returns the thread's state, NULL with an error. */
static CYTHON_INLINE PyThreadState *buildkit_enter(void) {
  PyThreadState *state = __Pyx_PyThreadState_Current;
#if PY_VERSION_HEX >= 0x030C0000
  if (unlikely(state->py_recursion_remaining <= 0)) {
    PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded");
    return NULL;
  }
#if PY_VERSION_HEX < 0x030E0000
  if (likely(state->c_recursion_remaining > 0)) state->c_recursion_remaining--; else
#endif
  if (unlikely(Py_EnterRecursiveCall(""))) return NULL;
  state->py_recursion_remaining--;
#elif PY_VERSION_HEX >= 0x030B0000
  if (likely(state->recursion_remaining > 0)) state->recursion_remaining--;
  else if (Py_EnterRecursiveCall("")) return NULL;
#else
  if (unlikely(Py_EnterRecursiveCall(""))) return NULL;
#endif
  return state;
}
static CYTHON_INLINE void buildkit_leave(PyThreadState *state) {
#if PY_VERSION_HEX >= 0x030C0000
  state->py_recursion_remaining++;
#if PY_VERSION_HEX < 0x030E0000
  state->c_recursion_remaining++;
#else
  Py_LeaveRecursiveCall();
#endif
#elif PY_VERSION_HEX >= 0x030B0000
  state->recursion_remaining++;
#else
  (void)state;
  Py_LeaveRecursiveCall();
#endif
}
/* A function is called straight, without asking first whether it is in C and takes one argument. */
#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
static PyTypeObject buildkit_type;
#define BUILDKIT_IS_FUNCTION(called) (Py_IS_TYPE(called, &PyFunction_Type) || Py_IS_TYPE(called, &buildkit_type))
#else
#define BUILDKIT_IS_FUNCTION(called) Py_IS_TYPE(called, &PyFunction_Type)
#endif
static CYTHON_INLINE PyObject *buildkit_call(PyObject *called, PyObject **args, size_t nargsf) {
  if (likely(BUILDKIT_IS_FUNCTION(called))) return ((PyFunctionObject *)called)->vectorcall(called, args, nargsf, NULL);
  return __Pyx_PyObject_FastCallDict(called, args, nargsf, NULL);
}
#undef __Pyx_PyObject_FastCall
#define __Pyx_PyObject_FastCall(called, args, nargsf) buildkit_call(called, args, (size_t)(nargsf))
