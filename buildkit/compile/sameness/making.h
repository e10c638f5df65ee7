static PyObject *buildkit_free_variable(PyObject *cell, const char *name);
static PyObject *buildkit_own_variable(PyObject *cell, const char *name);
static PyObject *buildkit_super_variable(PyObject *cell, const char *name);
static int buildkit_delete_free(PyObject *cell, const char *name);
static int buildkit_delete_own(PyObject *cell, const char *name);
static PyObject *buildkit_make_function(int number, const char *qualified, PyObject **cells, Py_ssize_t count);
static PyObject *buildkit_made_function(PyObject *function, int number, PyObject *defaults, PyObject *keywords, PyObject *annotations, int has_texts);
static PyObject *buildkit_made_generator(PyObject *function, PyObject *iterable);
static PyObject *buildkit_made_class(PyObject *function, const char *name, PyObject *bases, PyObject *keywords);
