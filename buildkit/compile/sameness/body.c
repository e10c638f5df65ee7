/* What the body calls with each function that it makes. */
static PyObject *buildkit_made(PyObject *number, PyObject *function) {
  buildkit_take_over(PyLong_AsSsize_t(number), function);
  Py_INCREF(function);
  return function;
}

/* The same where the module is loaded again: its functions stay Python. */
static PyObject *buildkit_left(PyObject *number, PyObject *function) {
  (void)number;
  Py_INCREF(function);
  return function;
}

static PyMethodDef buildkit_made_method = {"made", buildkit_made, METH_O, NULL};
static PyMethodDef buildkit_left_method = {"left", buildkit_left, METH_O, NULL};

/* Whether a constant is a mark of this kind: `:` of a slice, otherwise the number of a function. */
static int buildkit_is_mark(PyObject *each, char sort) {
  if (!PyBytes_CheckExact(each) || PyBytes_GET_SIZE(each) < 11 || memcmp(PyBytes_AS_STRING(each), BUILDKIT_MARK, 10) != 0) return 0;
  return (PyBytes_AS_STRING(each)[10] == ':') == (sort == ':');
}

/* Put into constants what their marks stand for. These were just read, and nobody else has them. */
static int buildkit_replace_marks(PyObject *constants, PyMethodDef *method) {
  for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(constants); at++) {
    PyObject *each = PyTuple_GET_ITEM(constants, at), *inner = NULL, *made, *number;
    if (PyCode_Check(each)) inner = ((PyCodeObject *)each)->co_consts;
    else if (PyTuple_CheckExact(each)) inner = each;
    if (inner && buildkit_replace_marks(inner, method) < 0) return -1;
    if (inner == each && PyTuple_GET_SIZE(each) == 4 && buildkit_is_mark(PyTuple_GET_ITEM(each, 0), ':'))
      made = PySlice_New(PyTuple_GET_ITEM(each, 1), PyTuple_GET_ITEM(each, 2), PyTuple_GET_ITEM(each, 3));
    else if (buildkit_is_mark(each, 0)) {
      number = PyLong_FromString(PyBytes_AS_STRING(each) + 10, NULL, 10);
      if (!number) return -1;
      made = PyCFunction_New(method, number);
      Py_DECREF(number);
    } else continue;
    if (!made) return -1;
    PyTuple_SET_ITEM(constants, at, made);
    Py_DECREF(each);
  }
  return 0;
}

/* The code of the body, with the path of the source beside the module's file; NULL with an error. */
static PyObject *buildkit_body_code(PyObject *module, const char *source, PyMethodDef *method) {
  PyObject *code = NULL, *path = NULL, *imp = NULL, *fixed = NULL, *folder = NULL;
  PyObject *file = PyObject_GetAttrString(module, "__file__");
  if (!file) return NULL;
  folder = PyUnicode_Substring(file, 0, PyUnicode_FindChar(file, '/', 0, PyUnicode_GET_LENGTH(file), -1) + 1);
  if (folder) path = PyUnicode_FromFormat("%U%s", folder, source);
  if (path) imp = PyImport_ImportModule("_imp");
  if (imp) code = PyMarshal_ReadObjectFromString(buildkit_body, buildkit_body_size);
  if (code) fixed = PyObject_CallMethod(imp, "_fix_co_filename", "OO", code, path);
  if (!fixed || buildkit_replace_marks(((PyCodeObject *)code)->co_consts, method) < 0) Py_CLEAR(code);
  Py_XDECREF(fixed); Py_XDECREF(imp); Py_XDECREF(path); Py_XDECREF(folder); Py_DECREF(file);
  return code;
}

/* Run the body in the module's dictionary. Cython puts the module of builtins there, Python its dictionary. */
static int buildkit_evaluate(PyObject *module, PyObject *code) {
  PyObject *done, *globals = PyModule_GetDict(module);
  if (PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) < 0) return -1;
  done = PyEval_EvalCode(code, globals, globals);
  Py_XDECREF(done);
  return done ? 0 : -1;
}

static const char *buildkit_source;
static PyObject *(*buildkit_create_first)(PyObject *, PyModuleDef *);

/* A module that is imported once more, since `sys.modules` no longer has it, is another one. */
static PyObject *buildkit_create_again(PyObject *spec, PyModuleDef *definition) {
  PyObject *name, *module = buildkit_create_first(spec, definition);  /* the first one, unless the interpreter is another */
  if (!module) return NULL;
  Py_DECREF(module);
  name = PyObject_GetAttrString(spec, "name");
  if (!name) return NULL;
  module = PyModule_NewObject(name);
  Py_DECREF(name);
  return module;
}

/* An extension is run once in a process, and `importlib.reload` does nothing: for a module that has a state. It has none
   of its own, so what stands for it is taken away, where the object is laid out as it has been since Python 3.5. */
static void buildkit_may_be_reloaded(PyObject *module) {
  void **fields = (void **)((char *)module + sizeof(PyObject)), *state = PyModule_GetState(module);
  if (!state || fields[0] != PyModule_GetDict(module) || fields[1] != PyModule_GetDef(module) || fields[2] != state) return;
  fields[2] = NULL;
  PyMem_Free(state);
}

/* Run the body of a module that is loaded again, as Python alone does: C has the dictionary of the first. */
static int buildkit_execute_again(PyObject *module) {
  PyObject *code = buildkit_body_code(module, buildkit_source, &buildkit_left_method);
  int result = code ? buildkit_evaluate(module, code) : -1;
  Py_XDECREF(code);
  buildkit_may_be_reloaded(module);
  return result;
}

static void buildkit_may_be_loaded_again(PyObject *module, const char *source) {
  PyModuleDef *definition = PyModule_GetDef(module);
  buildkit_source = source;
  for (PyModuleDef_Slot *slot = definition ? definition->m_slots : NULL; slot && slot->slot; slot++) {
    if (slot->slot == Py_mod_exec) slot->value = (void *)buildkit_execute_again;
    if (slot->slot != Py_mod_create) continue;
    buildkit_create_first = (PyObject *(*)(PyObject *, PyModuleDef *))slot->value;
    slot->value = (void *)buildkit_create_again;
  }
  buildkit_may_be_reloaded(module);
}

static int buildkit_run_body(PyObject *module, const char *source) {
  PyObject *code;
  int result = -1;
  if (buildkit_ready() < 0) return -1;
  code = buildkit_body_code(module, source, &buildkit_made_method);
  if (!code) return -1;
  buildkit_globals = PyModule_GetDict(module);
  Py_INCREF(buildkit_globals);
  /* Where Cython and Python disagree about which functions there are, all of them stay Python. */
  if (strcmp(buildkit_names, buildkit_body_names) != 0)
    for (Py_ssize_t at = 0; buildkit_functions[at].name; at++) buildkit_functions[at].entry = NULL;
  buildkit_begin_frames(code);
  if (buildkit_load_texts() == 0 && buildkit_watch_builtins() == 0) result = buildkit_evaluate(module, code);
  Py_DECREF(code);
  if (result == 0) buildkit_may_be_loaded_again(module, source);
  return result;
}
