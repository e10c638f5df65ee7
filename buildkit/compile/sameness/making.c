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

/* A function of one of the module's codes, without what it takes from around it: a new reference. */
static PyObject *buildkit_bare_function(int number, const char *qualified) {
  PyObject *function;
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
  if (function) buildkit_take_over(number, function);
  return function;
}

#if BUILDKIT_COPIES
/* Whether a function that is made now would have the module's name and the builtins of this one. */
static int buildkit_has_surroundings(PyFunctionObject *pattern) {
  static PyObject *name = NULL;
  if (unlikely(!name) && !(name = PyUnicode_InternFromString("__name__"))) { PyErr_Clear(); return 0; }
  return PyDict_GetItem(buildkit_globals, name) == pattern->func_module && buildkit_builtins() == pattern->func_builtins;
}

/* The first function of a code is kept as it was made, where nobody finds it, and those after it are copies of it: which
   spares the search for the module's name and its builtins. */
static PyObject *buildkit_made_bare(int number, const char *qualified) {
  buildkit_pattern *kept = &buildkit_patterns[number];
  uint64_t version = buildkit_version_of(buildkit_globals);
  PyFunctionObject *pattern = kept->function, *made;
  if (unlikely(kept->version != version)) {
    if (pattern && !buildkit_has_surroundings(pattern)) {
      PyObject_GC_Track(pattern);  /* as whoever frees it expects */
      Py_CLEAR(kept->function);
    }
    if (!kept->function) {
      kept->function = (PyFunctionObject *)buildkit_bare_function(number, qualified);
      if (!kept->function) return NULL;
      PyObject_GC_UnTrack(kept->function);
    }
    kept->version = version;
    pattern = kept->function;
  }
  made = PyObject_GC_New(PyFunctionObject, Py_TYPE(pattern));
  if (unlikely(!made)) return NULL;
  memcpy((char *)made + sizeof(PyObject), (char *)pattern + sizeof(PyObject), sizeof(PyFunctionObject) - sizeof(PyObject));
  Py_INCREF(made->func_globals);
  Py_INCREF(made->func_builtins);
  Py_INCREF(made->func_name);
  Py_INCREF(made->func_qualname);
  Py_INCREF(made->func_code);
  Py_INCREF(made->func_doc);
  Py_XINCREF(made->func_module);
  PyObject_GC_Track(made);
  return (PyObject *)made;
}
#else
#define buildkit_made_bare buildkit_bare_function
#endif

/* The same with the cells that it takes from around it. */
static PyObject *buildkit_make_function(int number, const char *qualified, PyObject **cells, Py_ssize_t count) {
  PyObject *function = buildkit_made_bare(number, qualified), *closure;
  if (!function || count == 0) return function;
  closure = PyTuple_New(count);
  if (!closure) goto failed;
  for (Py_ssize_t at = 0; at < count; at++) { Py_INCREF(cells[at]); PyTuple_SET_ITEM(closure, at, cells[at]); }
  ((PyFunctionObject *)function)->func_closure = closure;
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

static int buildkit_annotate(PyFunctionObject *function, int number, PyObject *annotations, int has_texts) {
  if (has_texts) {
    PyObject *key = PyLong_FromLong(number);
    if (!key) return -1;
    annotations = buildkit_texts ? PyDict_GetItemWithError(buildkit_texts, key) : NULL;
    Py_DECREF(key);
    if (!annotations && PyErr_Occurred()) return -1;
  }
  if (!annotations) return 0;
  function->func_annotations = buildkit_pairs(annotations);
  return function->func_annotations ? 0 : -1;
}

/* The function, whose reference is taken and which nobody has seen yet, with all that belongs to it. */
static PyObject *buildkit_made_function(PyObject *function, int number, PyObject *defaults, PyObject *keywords, PyObject *annotations, int has_texts) {
  PyFunctionObject *made = (PyFunctionObject *)function;
  if (!function) return NULL;
  Py_XINCREF(defaults);
  made->func_defaults = defaults;
  Py_XINCREF(keywords);
  made->func_kwdefaults = keywords;
  if (likely(!annotations && !has_texts) || buildkit_annotate(made, number, annotations, has_texts) == 0) return function;
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

static PyObject *buildkit_made_class(PyObject *function, PyObject *bases, PyObject *keywords) {
  static PyObject *key = NULL;
  PyObject *build, *args, *result = NULL, *called;
  Py_ssize_t count = PyTuple_GET_SIZE(bases);
  if (!function) return NULL;
  if (unlikely(!key) && !(key = PyUnicode_InternFromString("__build_class__"))) goto end;
  build = buildkit_item(buildkit_builtins(), key);
  if (!build) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_NameError, "__build_class__ not found");
    goto end;
  }
  args = PyTuple_New(count + 2);
  if (args) {
    Py_INCREF(function);
    PyTuple_SET_ITEM(args, 0, function);
    called = ((PyFunctionObject *)function)->func_name;
    Py_INCREF(called);
    PyTuple_SET_ITEM(args, 1, called);
    for (Py_ssize_t at = 0; at < count; at++) {
      Py_INCREF(PyTuple_GET_ITEM(bases, at));
      PyTuple_SET_ITEM(args, at + 2, PyTuple_GET_ITEM(bases, at));
    }
    result = PyObject_Call(build, args, keywords);
    Py_DECREF(args);
  }
  Py_DECREF(build);
end:
  Py_DECREF(function);
  return result;
}
