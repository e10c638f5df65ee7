/* Calls that have a frame: see frames.py. */
static PyObject *buildkit_frames;       /* functions that call, by function and line */
static PyObject *buildkit_calling;      /* the code that each is like */

/* Whether the function is in C and looks at no frame, such as `math.log`. */
static int buildkit_needs_no_frame(PyObject *called) {
  PyObject *module;
  if (!PyCFunction_Check(called)) return 0;
  module = ((PyCFunctionObject *)called)->m_module;
  return !module || !PyUnicode_Check(module) || !(PyUnicode_CompareWithASCIIString(module, "builtins") == 0
    || PyUnicode_CompareWithASCIIString(module, "_warnings") == 0 || PyUnicode_CompareWithASCIIString(module, "sys") == 0);
}

/* The code of `def call(called, given, named): return called(*given, **named)`. */
static PyObject *buildkit_calling_code(void) {
  PyObject *module, *constants = NULL, *found = NULL;
  if (buildkit_calling) return buildkit_calling;
  module = Py_CompileString("def call(called, given, named): return called(*given, **named)", "", Py_file_input);
  if (module) constants = PyObject_GetAttrString(module, "co_consts");
  for (Py_ssize_t at = 0; constants && !found && at < PyTuple_GET_SIZE(constants); at++)
    if (PyCode_Check(PyTuple_GET_ITEM(constants, at))) found = PyTuple_GET_ITEM(constants, at);
  Py_XINCREF(found);
  buildkit_calling = found;
  Py_XDECREF(constants);
  Py_XDECREF(module);
  return found;
}

/* A code that does what `like` does, and has what tracebacks show of `code`, all of it in this line: a new reference. */
static PyObject *buildkit_code_like(PyObject *like, PyCodeObject *code, int line) {
  PyObject *found = NULL, *table = buildkit_line_table((PyCodeObject *)like, code->co_firstlineno, line), *replace, *nothing, *changes, *flags, *first;
  replace = PyObject_GetAttrString(like, "replace");
  nothing = PyTuple_New(0);
  changes = PyDict_New();
  first = PyLong_FromLong(code->co_firstlineno);
  flags = PyLong_FromLong((((PyCodeObject *)like)->co_flags) | (code->co_flags & PyCF_MASK));
  if (table && replace && nothing && changes && first && flags
    && PyDict_SetItemString(changes, "co_linetable", table) == 0
    && PyDict_SetItemString(changes, "co_filename", code->co_filename) == 0
    && PyDict_SetItemString(changes, "co_name", code->co_name) == 0
    && PyDict_SetItemString(changes, "co_firstlineno", first) == 0
    && PyDict_SetItemString(changes, "co_flags", flags) == 0
#if PY_VERSION_HEX >= 0x030B0000
    && PyDict_SetItemString(changes, "co_qualname", code->co_qualname) == 0
#endif
  ) found = PyObject_Call(replace, nothing, changes);
  Py_XDECREF(table); Py_XDECREF(replace); Py_XDECREF(nothing); Py_XDECREF(changes); Py_XDECREF(first); Py_XDECREF(flags);
  return found;
}

/* The function that calls: a borrowed reference. */
static PyObject *buildkit_frame_at(Py_ssize_t number, int line) {
  PyObject *key, *found, *like, *code = NULL;
  if (!buildkit_frames && !(buildkit_frames = PyDict_New())) return NULL;
  key = PyLong_FromLongLong(((long long)number << 32) | (unsigned int)line);
  if (!key) return NULL;
  found = PyDict_GetItemWithError(buildkit_frames, key);
  if (!found && !PyErr_Occurred()) {
    like = buildkit_calling_code();
    if (like) code = buildkit_code_like(like, (PyCodeObject *)buildkit_functions[number].code, line);
    if (code) found = PyFunction_New(code, buildkit_globals);
    Py_XDECREF(code);
    if (found && PyDict_SetItem(buildkit_frames, key, found) < 0) Py_CLEAR(found);
    else Py_XDECREF(found);
  }
  Py_DECREF(key);
  return found;
}

/* The step of the function that calls is not shown in a traceback: the compiled function's own stands there. */
static void buildkit_hide_step(PyObject *code) {
  PyObject *kind, *value, *traceback;
  PyErr_Fetch(&kind, &value, &traceback);
  if (traceback && PyTraceBack_Check(traceback)) {
    PyObject *frame = (PyObject *)((PyTracebackObject *)traceback)->tb_frame, *of = PyObject_GetAttrString(frame, "f_code");
    if (of == code) {
      PyObject *next = (PyObject *)((PyTracebackObject *)traceback)->tb_next;
      Py_XINCREF(next);
      Py_DECREF(traceback);
      traceback = next;
      if (value && PyExceptionInstance_Check(value)) PyException_SetTraceback(value, traceback ? traceback : Py_None);
    }
    Py_XDECREF(of);
  }
  PyErr_Restore(kind, value, traceback);
}

static PyObject *buildkit_call_framed_tuple(PyObject *called, PyObject *given, PyObject *named, int number, int line) {
  PyObject *function, *result, *args[3] = {called, given, named};
  if (buildkit_needs_no_frame(called)) return PyObject_Call(called, given, named);
  function = buildkit_frame_at(number, line);
  if (!function) return NULL;
  if (named) Py_INCREF(named);
  else if (!(args[2] = PyDict_New())) return NULL;
  Py_INCREF(function);
  result = PyObject_Vectorcall(function, args, 3, NULL);
  if (!result) buildkit_hide_step(PyFunction_GET_CODE(function));
  Py_DECREF(function);
  Py_DECREF(args[2]);
  return result;
}

static PyObject *buildkit_call_framed(PyObject *called, PyObject **given, Py_ssize_t count, int number, int line) {
  PyObject *all, *result;
  if (buildkit_needs_no_frame(called)) return PyObject_Vectorcall(called, given, count, NULL);
  all = PyTuple_New(count);
  if (!all) return NULL;
  for (Py_ssize_t at = 0; at < count; at++) { Py_INCREF(given[at]); PyTuple_SET_ITEM(all, at, given[at]); }
  result = buildkit_call_framed_tuple(called, all, NULL, number, line);
  Py_DECREF(all);
  return result;
}
