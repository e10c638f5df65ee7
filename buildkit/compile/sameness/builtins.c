/* Whether a builtin is the interpreter's own: see names.py. */
/* What the module has for its builtins: a borrowed reference. */
static PyObject *buildkit_builtins(void) {
  static PyObject *name = NULL;
  PyObject *builtins;
  if (unlikely(!name) && !(name = PyUnicode_InternFromString("__builtins__"))) PyErr_Clear();
  builtins = name ? PyDict_GetItem(buildkit_globals, name) : NULL;
  if (builtins && PyModule_Check(builtins)) builtins = PyModule_GetDict(builtins);
  return builtins && PyDict_Check(builtins) ? builtins : PyEval_GetBuiltins();
}

static int buildkit_is_own(PyObject *value, const char *name) {
  if (PyCFunction_Check(value)) return !strcmp(((PyCFunctionObject *)value)->m_ml->ml_name, name);
  return PyType_Check(value) && !(((PyTypeObject *)value)->tp_flags & Py_TPFLAGS_HEAPTYPE) && !strcmp(((PyTypeObject *)value)->tp_name, name);
}

static void buildkit_look_at_builtins(uint64_t version) {
  PyObject *builtins = buildkit_builtins(), *kind, *value, *traceback;
  uint64_t replaced = 0;
  PyErr_Fetch(&kind, &value, &traceback);
  for (int at = 0; buildkit_used[at]; at++) {
    PyObject *found = PyDict_GetItemString(builtins, buildkit_used[at]);
    if (!found || !buildkit_is_own(found, buildkit_used[at])) replaced |= (uint64_t)1 << at;
  }
  PyErr_Restore(kind, value, traceback);
  buildkit_replaced = replaced;
  buildkit_seen = version;
}

#if PY_VERSION_HEX >= 0x030E0000
static uint64_t buildkit_own_changes = 1;
static int buildkit_count_change(PyDict_WatchEvent event, PyObject *dict, PyObject *key, PyObject *value) {
  (void)event; (void)dict; (void)key; (void)value;
  buildkit_own_changes++;
  return 0;
}
/* The first module that is loaded counts for all: an interpreter has few watchers to give. */
static int buildkit_watch_builtins(void) {
  PyObject *shared = PyImport_AddModule(__PYX_ABI_MODULE_NAME), *counter;
  int watcher;
  if (!shared) return -1;
  counter = PyDict_GetItemString(PyModule_GetDict(shared), "changes of builtins");
  if (counter) {
    buildkit_changes = (uint64_t *)PyCapsule_GetPointer(counter, "changes of builtins");
    return buildkit_changes ? 0 : -1;
  }
  buildkit_changes = &buildkit_own_changes;
  watcher = PyDict_AddWatcher(buildkit_count_change);
  if (watcher < 0) { PyErr_Clear(); return 0; }  /* none is left: they are looked at once */
  if (PyDict_Watch(watcher, buildkit_builtins()) < 0) return -1;
  counter = PyCapsule_New(&buildkit_own_changes, "changes of builtins", NULL);
  if (!counter) return -1;
  watcher = PyDict_SetItemString(PyModule_GetDict(shared), "changes of builtins", counter);
  Py_DECREF(counter);
  return watcher;
}
#else
static int buildkit_watch_builtins(void) {
  buildkit_watched = buildkit_builtins();
  return 0;
}
#endif
