/* Cells, and what a compiled function makes: of the codes that Python made. */
static void buildkit_unbound_free(const char *name) {
  PyErr_Format(PyExc_NameError,
#if PY_VERSION_HEX >= 0x030B0000
    "cannot access free variable '%s' where it is not associated with a value in enclosing scope",
#else
    "free variable '%s' referenced before assignment in enclosing scope",
#endif
    name);
  buildkit_set_name(PyUnicode_FromString(name));
}

static void buildkit_unbound_own(const char *name) {
  PyErr_Format(PyExc_UnboundLocalError,
#if PY_VERSION_HEX >= 0x030B0000
    "cannot access local variable '%s' where it is not associated with a value",
#else
    "local variable '%s' referenced before assignment",
#endif
    name);
}

static void buildkit_unbound_super(const char *name) {
  (void)name;
  PyErr_SetString(PyExc_RuntimeError, "super(): empty __class__ cell");
}

static int buildkit_delete_free(PyObject *cell, const char *name) {
  if (likely(PyCell_GET(cell))) return PyCell_Set(cell, NULL);
  buildkit_unbound_free(name);
  return -1;
}

static int buildkit_delete_own(PyObject *cell, const char *name) {
  if (likely(PyCell_GET(cell))) return PyCell_Set(cell, NULL);
  buildkit_unbound_own(name);
  return -1;
}

/* A function of one of the module's codes: a new reference. */
static PyObject *buildkit_make_function(int number, const char *qualified, PyObject **cells, Py_ssize_t count) {
  PyObject *function, *closure;
#if PY_VERSION_HEX >= 0x030B0000
  (void)qualified;  /* the code has it */
  function = PyFunction_New(buildkit_codes[number], buildkit_globals);
#else
  PyObject *name = PyUnicode_FromString(qualified);
  if (!name) return NULL;
  PyUnicode_InternInPlace(&name);
  function = PyFunction_NewWithQualName(buildkit_codes[number], buildkit_globals, name);
  Py_DECREF(name);
#endif
  if (!function || count == 0) return function;
  closure = PyTuple_New(count);
  if (!closure) goto failed;
  for (Py_ssize_t at = 0; at < count; at++) { Py_INCREF(cells[at]); PyTuple_SET_ITEM(closure, at, cells[at]); }
  if (PyFunction_SetClosure(function, closure) < 0) { Py_DECREF(closure); goto failed; }
  Py_DECREF(closure);
  return function;
failed:
  Py_DECREF(function);
  return NULL;
}

static PyObject *buildkit_texts;  /* the annotations of functions as texts, by their number; NULL if there are none */

static int buildkit_load_texts(void) {
  if (buildkit_body_texts_size == 0) return 0;
  buildkit_texts = PyMarshal_ReadObjectFromString(buildkit_body_texts, buildkit_body_texts_size);
  return buildkit_texts ? 0 : -1;
}

/* A dictionary of names and values that follow each other. */
static PyObject *buildkit_pairs(PyObject *pairs) {
  PyObject *made = PyDict_New();
  for (Py_ssize_t at = 0; made && at < PyTuple_GET_SIZE(pairs); at += 2)
    if (PyDict_SetItem(made, PyTuple_GET_ITEM(pairs, at), PyTuple_GET_ITEM(pairs, at + 1)) < 0) Py_CLEAR(made);
  return made;
}

static int buildkit_annotate(PyObject *function, int number, PyObject *annotations, int has_texts) {
  PyObject *made;
  int result;
  if (has_texts) {
    PyObject *key = PyLong_FromLong(number);
    if (!key) return -1;
    annotations = buildkit_texts ? PyDict_GetItemWithError(buildkit_texts, key) : NULL;
    Py_DECREF(key);
    if (!annotations && PyErr_Occurred()) return -1;
  }
  if (!annotations) return 0;
  made = buildkit_pairs(annotations);
  if (!made) return -1;
  result = PyFunction_SetAnnotations(function, made);
  Py_DECREF(made);
  return result;
}

/* The function, whose reference is taken, with all that belongs to it. */
static PyObject *buildkit_made_function(PyObject *function, int number, PyObject *defaults, PyObject *keywords, PyObject *annotations, int has_texts) {
  if (!function) return NULL;
  if (defaults && PyFunction_SetDefaults(function, defaults) < 0) goto failed;
  if (keywords && PyFunction_SetKwDefaults(function, keywords) < 0) goto failed;
  if (buildkit_annotate(function, number, annotations, has_texts) < 0) goto failed;
  buildkit_take_over(number, function);
  return function;
failed:
  Py_DECREF(function);
  return NULL;
}

static PyObject *buildkit_made_generator(PyObject *function, PyObject *iterable) {
  PyObject *iterator, *result = NULL;
  if (!function) return NULL;
  iterator = PyObject_GetIter(iterable);
  if (iterator) result = PyObject_CallOneArg(function, iterator);
  Py_XDECREF(iterator);
  Py_DECREF(function);
  return result;
}

static PyObject *buildkit_made_class(PyObject *function, const char *name, PyObject *bases, PyObject *keywords) {
  PyObject *build, *args = NULL, *result = NULL, *called;
  Py_ssize_t count = PyTuple_GET_SIZE(bases);
  if (!function) return NULL;
  build = PyDict_GetItemString(buildkit_builtins(), "__build_class__");
  if (!build) { PyErr_SetString(PyExc_NameError, "__build_class__ not found"); goto end; }
  Py_INCREF(build);
  called = PyUnicode_FromString(name);
  args = called ? PyTuple_New(count + 2) : NULL;
  if (args) {
    Py_INCREF(function);
    PyTuple_SET_ITEM(args, 0, function);
    PyTuple_SET_ITEM(args, 1, called);
    for (Py_ssize_t at = 0; at < count; at++) {
      Py_INCREF(PyTuple_GET_ITEM(bases, at));
      PyTuple_SET_ITEM(args, at + 2, PyTuple_GET_ITEM(bases, at));
    }
    result = PyObject_Call(build, args, keywords);
    Py_DECREF(args);
  } else Py_XDECREF(called);
  Py_DECREF(build);
end:
  Py_DECREF(function);
  return result;
}
