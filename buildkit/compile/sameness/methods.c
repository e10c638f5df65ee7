/* Methods of exact dicts and texts: `given` has the object, and behind it `count` arguments. See methods.py. */
static PyObject *buildkit_quick_get(PyObject *name, PyObject **given, size_t count) {
  PyObject *found;
  if (!PyUnicode_CheckExact(given[1])) return PyObject_VectorcallMethod(name, given, count + 1, NULL);
  found = buildkit_item(given[0], given[1]);
  if (found || PyErr_Occurred()) return found;
  found = count > 1 ? given[2] : Py_None;
  Py_INCREF(found);
  return found;
}

static PyObject *buildkit_quick_match(PyObject *name, PyObject **given, size_t count, int direction) {
  Py_ssize_t same;
  if (!PyUnicode_CheckExact(given[1])) return PyObject_VectorcallMethod(name, given, count + 1, NULL);
  same = PyUnicode_Tailmatch(given[0], given[1], 0, PY_SSIZE_T_MAX, direction);
  return same < 0 ? NULL : PyBool_FromLong((long)same);
}
static PyObject *buildkit_quick_startswith(PyObject *name, PyObject **given, size_t count) { return buildkit_quick_match(name, given, count, -1); }
static PyObject *buildkit_quick_endswith(PyObject *name, PyObject **given, size_t count) { return buildkit_quick_match(name, given, count, 1); }

static PyObject *buildkit_quick_find(PyObject *name, PyObject **given, size_t count) {
  Py_ssize_t at;
  if (!PyUnicode_CheckExact(given[1])) return PyObject_VectorcallMethod(name, given, count + 1, NULL);
  at = PyUnicode_Find(given[0], given[1], 0, PY_SSIZE_T_MAX, 1);
  return at == -2 ? NULL : PyLong_FromSsize_t(at);
}

static PyObject *buildkit_quick_replace(PyObject *name, PyObject **given, size_t count) {
  if (!PyUnicode_CheckExact(given[1]) || !PyUnicode_CheckExact(given[2])) return PyObject_VectorcallMethod(name, given, count + 1, NULL);
  return PyUnicode_Replace(given[0], given[1], given[2], -1);
}
