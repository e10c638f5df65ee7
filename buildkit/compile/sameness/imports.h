static PyObject *buildkit_import_hook(void);
static PyObject *buildkit_import_by(PyObject *hook, PyObject *name, PyObject *const *names, Py_ssize_t count, int level);
static PyObject *buildkit_import_from(PyObject *module, PyObject *name);
