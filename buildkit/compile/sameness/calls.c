/* What Python calls a function in the words of an error, such as `module.function()`. */
static PyObject *buildkit_called(PyObject *function) {
  PyObject *name = PyObject_GetAttrString(function, "__qualname__"), *module, *words;
  if (!name) {
    PyErr_Clear();
    return PyObject_Str(function);
  }
  module = PyObject_GetAttrString(function, "__module__");
  if (!module) PyErr_Clear();
  if (module && module != Py_None && !(PyUnicode_Check(module) && PyUnicode_CompareWithASCIIString(module, "builtins") == 0))
    words = PyUnicode_FromFormat("%S.%S()", module, name);
  else words = PyUnicode_FromFormat("%S()", name);
  Py_XDECREF(module);
  Py_DECREF(name);
  return words;
}

static int buildkit_is_iterable(PyObject *value) {
  return Py_TYPE(value)->tp_iter || PySequence_Check(value);
}

/* Of `[*value]` and `(1, *value)`. */
static int buildkit_check_star(PyObject *value) {
  if (likely(buildkit_is_iterable(value))) return 0;
  PyErr_Format(PyExc_TypeError, "Value after * must be an iterable, not %.200s", Py_TYPE(value)->tp_name);
  return -1;
}

/* Of `function(*value)`; where there are other arguments, the function is not named. */
static PyObject *buildkit_star_arguments(PyObject *function, PyObject *value) {
  PyObject *called;
  if (likely(buildkit_is_iterable(value))) return PySequence_Tuple(value);
  if (!function) { buildkit_check_star(value); return NULL; }
  called = buildkit_called(function);
  if (called) {
    PyErr_Format(PyExc_TypeError, "%U argument after * must be an iterable, not %.200s", called, Py_TYPE(value)->tp_name);
    Py_DECREF(called);
  }
  return NULL;
}

/* Of `{**value}`. */
static PyObject *buildkit_mapping(PyObject *value) {
  PyObject *made;
  if (PyDict_CheckExact(value)) { Py_INCREF(value); return value; }
  made = PyDict_New();
  if (!made || PyDict_Update(made, value) == 0) return made;
  Py_DECREF(made);
  if (PyErr_ExceptionMatches(PyExc_AttributeError))
    PyErr_Format(PyExc_TypeError, "'%.200s' object is not a mapping", Py_TYPE(value)->tp_name);
  return NULL;
}

/* Adds one keyword, unless it is there: then KeyError, as Python's own merging has it. */
static int buildkit_add_keyword(PyObject *keywords, PyObject *key, PyObject *mapping, PyObject *value) {
  int known = PyDict_Contains(keywords, key);
  if (known) {
    PyObject *told = known > 0 ? PyTuple_Pack(1, key) : NULL;
    if (told) PyErr_SetObject(PyExc_KeyError, told);
    Py_XDECREF(told);
    return -1;
  }
  if (value) Py_INCREF(value);
  else if (!(value = PyObject_GetItem(mapping, key))) return -1;
  known = PyDict_SetItem(keywords, key, value);
  Py_DECREF(value);
  return known;
}

static int buildkit_add_keywords(PyObject *keywords, PyObject *more) {
  PyObject *key, *value, *keys, *iterator;
  if (PyDict_Check(more) && Py_TYPE(more)->tp_iter == PyDict_Type.tp_iter) {
    PyObject *own = BUILDKIT_ALONE ? Py_NewRef(more) : PyDict_Copy(more);
    Py_ssize_t at = 0;
    int result = own ? 0 : -1;
    while (!result && PyDict_Next(own, &at, &key, &value)) {
      Py_INCREF(key); Py_INCREF(value);
      result = buildkit_add_keyword(keywords, key, own, value);
      Py_DECREF(key); Py_DECREF(value);
    }
    Py_XDECREF(own);
    return result;
  }
  keys = PyMapping_Keys(more);
  if (!keys) return -1;
  iterator = PyObject_GetIter(keys);
  Py_DECREF(keys);
  if (!iterator) return -1;
  while ((key = PyIter_Next(iterator))) {
    int result = buildkit_add_keyword(keywords, key, more, NULL);
    Py_DECREF(key);
    if (result < 0) break;
  }
  Py_DECREF(iterator);
  return PyErr_Occurred() ? -1 : 0;
}

/* Of `function(**more)`. A key that is there already is an error before its value is asked for. */
static int buildkit_merge_keywords(PyObject *function, PyObject *keywords, PyObject *more) {
  PyObject *called, *type, *error, *trace, *told, *key = NULL;
  if (likely(buildkit_add_keywords(keywords, more) == 0)) return 0;
  if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
    PyErr_Clear();
    called = buildkit_called(function);
    if (!called) return -1;
    PyErr_Format(PyExc_TypeError, "%U argument after ** must be a mapping, not %.200s", called, Py_TYPE(more)->tp_name);
    Py_DECREF(called);
    return -1;
  }
  if (!PyErr_ExceptionMatches(PyExc_KeyError)) return -1;
  PyErr_Fetch(&type, &error, &trace);
#if PY_VERSION_HEX >= 0x030C0000  /* takes each KeyError for that of a key which is there */
  PyErr_NormalizeException(&type, &error, &trace);
  told = error ? PyObject_GetAttrString(error, "args") : NULL;
#else  /* one that Python code has raised is an object already */
  told = error;
  Py_XINCREF(told);
#endif
  if (told && PyTuple_Check(told) && PyTuple_GET_SIZE(told) == 1) key = PyTuple_GET_ITEM(told, 0);
  if (key && (called = buildkit_called(function))) {
    PyErr_Format(PyExc_TypeError, "%U got multiple values for keyword argument '%S'", called, key);
    Py_DECREF(called);
    Py_XDECREF(type); Py_XDECREF(error); Py_XDECREF(trace);
  }
  else {
    PyErr_Clear();
    PyErr_Restore(type, error, trace);
  }
  Py_XDECREF(told);
  return -1;
}

static int buildkit_type_has(PyObject *value, const char *name) {
  PyObject *found = NULL, *interned = PyUnicode_InternFromString(name);
  if (!interned) return -1;
  found = _PyType_Lookup(Py_TYPE(value), interned);
  Py_DECREF(interned);
  return found != NULL;
}

/* Of `with manager:` */
static int buildkit_check_manager(PyObject *manager) {
  static PyObject *enter = NULL, *leave = NULL;
  PyTypeObject *type = Py_TYPE(manager);
  int enters, leaves;
  if (unlikely(!leave)) {
    enter = PyUnicode_InternFromString("__enter__");
    leave = PyUnicode_InternFromString("__exit__");
    if (!enter || !leave) return -1;
  }
  enters = _PyType_Lookup(type, enter) != NULL;
  leaves = _PyType_Lookup(type, leave) != NULL;
  if (likely(enters && leaves)) return 0;
#if PY_VERSION_HEX >= 0x030E0000  /* looks for __exit__ first */
  if (buildkit_type_has(manager, "__aenter__") > 0 && buildkit_type_has(manager, "__aexit__") > 0)
    PyErr_Format(PyExc_TypeError, "'%T' object does not support the context manager protocol (missed %U method) but it supports "
      "the asynchronous context manager protocol. Did you mean to use 'async with'?", manager, leaves ? enter : leave);
  else PyErr_Format(PyExc_TypeError, "'%T' object does not support the context manager protocol (missed %U method)", manager, leaves ? enter : leave);
#elif PY_VERSION_HEX >= 0x030B0000
  PyErr_Format(PyExc_TypeError, "'%.200s' object does not support the context manager protocol%s", type->tp_name, enters ? " (missed __exit__ method)" : "");
#else
  PyErr_SetObject(PyExc_AttributeError, enters ? leave : enter);
#endif
  return -1;
}

/* Of `except caught:` */
static int buildkit_check_caught(PyObject *caught) {
  if (PyTuple_Check(caught)) {
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(caught); at++)
      if (!PyExceptionClass_Check(PyTuple_GET_ITEM(caught, at))) goto failed;
    return 0;
  }
  if (likely(PyExceptionClass_Check(caught))) return 0;
failed:
  PyErr_SetString(PyExc_TypeError, "catching classes that do not inherit from BaseException is not allowed");
  return -1;
}

static int buildkit_check_name(PyObject *name, const char *function) {
  if (likely(PyUnicode_Check(name))) return 0;
#if PY_VERSION_HEX >= 0x030B0000
  (void)function;
  PyErr_Format(PyExc_TypeError, "attribute name must be string, not '%.200s'", Py_TYPE(name)->tp_name);
#else
  PyErr_Format(PyExc_TypeError, "%s(): attribute name must be string", function);
#endif
  return -1;
}
static int buildkit_check_getattr(PyObject *name) { return buildkit_check_name(name, "getattr"); }
static int buildkit_check_hasattr(PyObject *name) { return buildkit_check_name(name, "hasattr"); }
/* Of `except (caught, another):` */
static int buildkit_check_class(PyObject *caught) {
  if (likely(PyExceptionClass_Check(caught))) return 0;
  PyErr_SetString(PyExc_TypeError, "catching classes that do not inherit from BaseException is not allowed");
  return -1;
}

/* The error at hand came up while this one was handled, whose references are taken, and which came up in this line. */
static void buildkit_chain(PyObject *kind, PyObject *value, PyObject *trace, const char *name, int line) {
  PyObject *new_kind, *new_value, *new_trace;
  PyErr_Fetch(&new_kind, &new_value, &new_trace);
  PyErr_NormalizeException(&new_kind, &new_value, &new_trace);
  PyErr_Restore(kind, value, trace);
  buildkit_add_traceback(name, line);
  PyErr_Fetch(&kind, &value, &trace);
  PyErr_NormalizeException(&kind, &value, &trace);
  if (trace) PyException_SetTraceback(value, trace);
  if (new_value && value && new_value != value) {
    Py_INCREF(value);
    PyException_SetContext(new_value, value);
  }
  Py_XDECREF(kind);
  Py_XDECREF(value);
  Py_XDECREF(trace);
  PyErr_Restore(new_kind, new_value, new_trace);
}
