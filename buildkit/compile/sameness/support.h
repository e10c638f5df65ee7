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
  const char *name;
  const char *free;            /* the names of its cells */
  vectorcallfunc entry;        /* NULL: it stays Python */
  const buildkit_code *made;   /* the codes that it makes something of; NULL if none */
  PyObject *code;              /* the code that the entry stands for */
  PyObject *names;             /* those of its parameters */
  Py_ssize_t by_position, only_by_position, by_keyword;
  int star, star_star;
} buildkit_function;
static buildkit_function buildkit_functions[];
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
static PyObject *buildkit_globals;         /* the module's, for as long as it lives */
static int buildkit_is_raised_again(void);
static void buildkit_add_traceback(const char *name, int line);
/* From here to the end of the functions, tracebacks are Python's; see entries.py for the end. */
#define __Pyx_AddTraceback(name, c_line, line, file) buildkit_add_traceback(name, line)
static void buildkit_release(PyObject **bound, Py_ssize_t total);
#define BUILDKIT_IS_PLAIN(function, number, nargsf, names, total) \
  ((names) == NULL && PyVectorcall_NARGS(nargsf) == (total) && \
   PyFunction_GET_CODE(function) == buildkit_functions[number].code)
#if PY_VERSION_HEX >= 0x030C0000
static CYTHON_INLINE int buildkit_enter(void) {
  PyThreadState *state = PyThreadState_Get();
  if (unlikely(state->py_recursion_remaining <= 0)) {
    PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded");
    return 0;
  }
  if (unlikely(Py_EnterRecursiveCall(""))) return 0;
  state->py_recursion_remaining--;
  return 1;
}
static CYTHON_INLINE void buildkit_leave(void) {
  PyThreadState_Get()->py_recursion_remaining++;
  Py_LeaveRecursiveCall();
}
#else
#define buildkit_enter() (Py_EnterRecursiveCall("") == 0)
#define buildkit_leave() Py_LeaveRecursiveCall()
#endif
