static int buildkit_check_star(PyObject *value);
static PyObject *buildkit_star_arguments(PyObject *function, PyObject *value);
static PyObject *buildkit_mapping(PyObject *value);
static int buildkit_merge_keywords(PyObject *function, PyObject *keywords, PyObject *more);
static int buildkit_check_manager(PyObject *manager);
static int buildkit_check_caught(PyObject *caught);
static int buildkit_check_getattr(PyObject *name);
static int buildkit_check_hasattr(PyObject *name);
#if PY_VERSION_HEX < 0x030E0000
extern int _PyObject_GetMethod(PyObject *obj, PyObject *name, PyObject **method);
#define buildkit_method _PyObject_GetMethod
#else
/* Look a method up: 1 if it is to be called with the object, 0 if as it is. */
static CYTHON_INLINE int buildkit_method(PyObject *obj, PyObject *name, PyObject **method) {
  PyObject *found = PyObject_GetAttr(obj, name), *function;
  *method = found;
  if (!found || !PyMethod_Check(found) || PyMethod_GET_SELF(found) != obj) return 0;
  function = PyMethod_GET_FUNCTION(found);
  Py_INCREF(function);
  Py_DECREF(found);
  *method = function;
  return 1;
}
#endif
#ifdef BUILDKIT_NEVER
static void buildkit_remember_method(PyObject *object, PyObject *name, buildkit_method_of *at);
static CYTHON_INLINE int buildkit_look_up(PyObject *object, PyObject *name, PyObject **method, buildkit_method_of *at) {
  if (likely(buildkit_is_method_of(object, at))) {
    *method = at->function;
    Py_INCREF(*method);
    return 1;
  }
  buildkit_remember_method(object, name, at);
  return buildkit_method(object, name, method);
}
#define buildkit_method_at(object, name, method) \
  (__extension__({ static buildkit_method_of at = {BUILDKIT_NEVER, 0, NULL, BUILDKIT_CLASSES}; buildkit_look_up(object, name, method, &at); }))
#else
#define buildkit_method_at buildkit_method
#endif
/* Call what `obj.method` came to: `given` has the object and the arguments; the last of these have the
   `names`, if there are any; whether the object is one of them says `is_method`. */
static CYTHON_INLINE PyObject *buildkit_call_method(PyObject *method, PyObject **given, size_t count, PyObject *names, int is_method) {
  if (is_method) return PyObject_Vectorcall(method, given, count + 1, names);
  return PyObject_Vectorcall(method, given + 1, count | PY_VECTORCALL_ARGUMENTS_OFFSET, names);
}
/* A class that was found to be one of managers is one for as long as it has its tag: see attributes.h. */
#ifdef BUILDKIT_NEVER
static CYTHON_INLINE int buildkit_check_manager_once(PyObject *manager, unsigned int *tag) {
  if (likely(Py_TYPE(manager)->tp_version_tag == *tag)) return 0;
  if (buildkit_check_manager(manager) < 0) return -1;
  *tag = Py_TYPE(manager)->tp_version_tag ? Py_TYPE(manager)->tp_version_tag : BUILDKIT_NEVER;
  return 0;
}
#define buildkit_check_manager_at(manager) \
  (__extension__({ static unsigned int tag = BUILDKIT_NEVER; buildkit_check_manager_once(manager, &tag); }))
#else
#define buildkit_check_manager_at buildkit_check_manager
#endif
static int buildkit_check_class(PyObject *caught);
static void buildkit_chain(PyObject *kind, PyObject *value, PyObject *trace, const char *name, int line);
