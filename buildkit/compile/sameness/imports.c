/* What stands in the place of the interpreter's own `__import__`: a borrowed reference, NULL if nothing does. */
static PyObject *buildkit_import_hook(void) {
  PyObject *found = PyDict_GetItemString(buildkit_builtins(), "__import__");
  if (unlikely(!found)) {
    PyErr_SetString(PyExc_ImportError, "__import__ not found");
    return NULL;
  }
  return PyCFunction_Check(found) && !strcmp(((PyCFunctionObject *)found)->m_ml->ml_name, "__import__") ? NULL : found;
}

static PyObject *buildkit_import_by(PyObject *hook, PyObject *name, PyObject *const *names, Py_ssize_t count, int level) {
  PyObject *list = Py_None, *result;
  Py_INCREF(list);
  if (names) {
    Py_SETREF(list, PyTuple_New(count));
    if (!list) return NULL;
    for (Py_ssize_t at = 0; at < count; at++) { Py_INCREF(names[at]); PyTuple_SET_ITEM(list, at, names[at]); }
  }
  Py_INCREF(hook);
  result = PyObject_CallFunction(hook, "OOOOi", name, buildkit_globals, Py_None, list, level);
  Py_DECREF(hook);
  Py_DECREF(list);
  return result;
}

static PyObject *buildkit_give(PyObject *self, PyObject *unused) {
  (void)unused;
  Py_INCREF(self);
  return self;
}
static PyMethodDef buildkit_give_method = {"__import__", buildkit_give, METH_VARARGS, NULL};

/* What Python gives for `from module import name`, or says, where the module has no such attribute. */
static PyObject *buildkit_import_from(PyObject *module, PyObject *name) {
  PyObject *give = PyCFunction_New(&buildkit_give_method, module), *globals = NULL, *text = NULL, *code = NULL, *done = NULL, *found = NULL;
  if (!give) return NULL;
  globals = Py_BuildValue("{s{sO}}", "__builtins__", "__import__", give);
  text = PyUnicode_FromFormat("from module import %U as found", name);
  if (!globals || !text) goto end;
  code = Py_CompileString(PyUnicode_AsUTF8(text), "<import>", Py_file_input);
  if (!code) goto end;
  done = PyEval_EvalCode(code, globals, globals);
  if (done) {
    found = PyDict_GetItemString(globals, "found");
    Py_XINCREF(found);
  } else {
    PyObject *kind, *value, *trace;
    PyErr_Fetch(&kind, &value, &trace);  /* the text above is not shown in the traceback */
    PyErr_NormalizeException(&kind, &value, &trace);
    Py_CLEAR(trace);
    if (value) PyException_SetTraceback(value, Py_None);
    PyErr_Restore(kind, value, NULL);
  }
end:
  Py_XDECREF(done);
  Py_XDECREF(code);
  Py_XDECREF(text);
  Py_XDECREF(globals);
  Py_DECREF(give);
  return found;
}
