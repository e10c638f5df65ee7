/* Calls of what may be the builtin `exec`, `eval`, `locals`, `vars` or `dir`: see shown.py. */
static int buildkit_asks(PyObject *called) {
  static const char *const asking[] = {"exec", "eval", "locals", "vars", "dir"};
  PyObject *module;
  if (likely(!PyCFunction_Check(called))) return 0;
  module = ((PyCFunctionObject *)called)->m_module;
  if (!module || !PyUnicode_Check(module) || PyUnicode_CompareWithASCIIString(module, "builtins") != 0) return 0;
  for (int at = 0; at < 5; at++)
    if (!strcmp(((PyCFunctionObject *)called)->m_ml->ml_name, asking[at])) return 1;
  return 0;
}

#if BUILDKIT_FRAMES
#if PY_VERSION_HEX < 0x030B0000
#define BUILDKIT_SLOTS(frame) ((frame)->f_localsplus)
#define BUILDKIT_CODE(frame) ((frame)->f_code)
#define BUILDKIT_HIDDEN NULL
static PyObject *buildkit_to_keep(PyObject *of) { Py_INCREF(of); return of; }
static void buildkit_let_slot_go(PyObject *of) { Py_XDECREF(of); }

static Py_ssize_t buildkit_place_in(PyObject *names, PyObject *name) {
  for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(names); at++)
    if (PyUnicode_Compare(PyTuple_GET_ITEM(names, at), name) == 0) return at;
  return -1;
}

/* Where a frame has a name, -1 if nowhere; whether it has a cell there. */
static Py_ssize_t buildkit_slot(PyCodeObject *code, PyObject *name, int *has_cell) {
  Py_ssize_t own = code->co_nlocals, cells = PyTuple_GET_SIZE(code->co_cellvars), at;
  *has_cell = 1;
  if ((at = buildkit_place_in(code->co_cellvars, name)) >= 0) return own + at;
  if ((at = buildkit_place_in(code->co_freevars, name)) >= 0) return own + cells + at;
  *has_cell = 0;
  return buildkit_place_in(code->co_varnames, name);
}

static void buildkit_hide(buildkit_frame *frame) {
  PyCodeObject *code = BUILDKIT_CODE(frame);
  Py_ssize_t count = code->co_nlocals + PyTuple_GET_SIZE(code->co_cellvars) + PyTuple_GET_SIZE(code->co_freevars);
  for (Py_ssize_t at = 0; at < count; at++) Py_CLEAR(frame->f_localsplus[at]);
}
#else
#define BUILDKIT_SLOTS(frame) BUILDKIT_NAMES(frame)
#define BUILDKIT_CODE(frame) ((PyCodeObject *)BUILDKIT_PLAIN((frame)->code))
#define BUILDKIT_HIDDEN BUILDKIT_NO_VALUE
static void buildkit_let_slot_go(PyObject *of) {
  if (of != BUILDKIT_NO_VALUE && !BUILDKIT_IS_BORROWED(of)) Py_DECREF(BUILDKIT_PLAIN(of));
}

/* Where a frame has a name, -1 if nowhere; whether it has a cell there. */
static Py_ssize_t buildkit_slot(PyCodeObject *code, PyObject *name, int *has_cell) {
  for (int at = 0; at < code->co_nlocalsplus; at++) {
    if (PyUnicode_Compare(PyTuple_GET_ITEM(code->co_localsplusnames, at), name) != 0) continue;
    *has_cell = BUILDKIT_HAS_CELL(code, at);
    return at;
  }
  return -1;
}

static void buildkit_hide(buildkit_frame *frame) {
  buildkit_clear_names(frame, BUILDKIT_CODE(frame));
  buildkit_forget_names(frame, BUILDKIT_CODE(frame));
}
#endif

/* Give the frame the value of a name; NULL for none. */
static int buildkit_show(buildkit_frame *frame, const buildkit_shown *shown, PyObject *value) {
  PyObject *name = PyUnicode_FromString(shown->name), *cell = NULL, *old;
  int has_cell;
  Py_ssize_t at;
  if (!name) return -1;
  at = buildkit_slot(BUILDKIT_CODE(frame), name, &has_cell);
  Py_DECREF(name);
  if (at < 0) return 0;  /* a name of C's alone */
  if (shown->is_cell && !has_cell) value = PyCell_GET(value);
  else if (!shown->is_cell && has_cell && !(value = cell = PyCell_New(value))) return -1;
  old = BUILDKIT_SLOTS(frame)[at];
  BUILDKIT_SLOTS(frame)[at] = value ? buildkit_to_keep(value) : BUILDKIT_HIDDEN;
  buildkit_let_slot_go(old);
  Py_XDECREF(cell);
  return 0;
}

/* Call what asks for the names of the function, whose frame has their values meanwhile. */
static PyObject *buildkit_call_shown(buildkit_frame *frame, PyObject *called, PyObject *given, PyObject *named, const buildkit_shown *names, PyObject **values) {
  PyObject *result = NULL, *kind, *value, *traceback;
  int is_shown = 1;
  if (!BUILDKIT_IS_FRAME(frame)) return PyErr_NoMemory();
  for (Py_ssize_t at = 0; is_shown && names[at].name; at++) is_shown = buildkit_show(frame, &names[at], values[at]) == 0;
  if (is_shown) result = PyObject_Call(called, given, named);
  PyErr_Fetch(&kind, &value, &traceback);
  buildkit_hide(frame);
  PyErr_Restore(kind, value, traceback);
  return result;
}
#endif
