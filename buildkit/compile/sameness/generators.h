/* So that no other module has generators of this type which are made otherwise. */
#undef __PYX_ABI_MODULE_NAME
#define __PYX_ABI_MODULE_NAME "_buildkit_1_" CYTHON_ABI
#define buildkit_generator(body, function, closure) \
  ((PyObject *)__Pyx_Generator_New((__pyx_coroutine_body_t)(body), PyFunction_GET_CODE(function), (PyObject *)(closure), \
    ((PyFunctionObject *)(function))->func_name, ((PyFunctionObject *)(function))->func_qualname, NULL))
struct __pyx_CoroutineObject;
static PyObject *buildkit_resume(struct __pyx_CoroutineObject *generator, PyThreadState *state, PyObject *sent);
static PyObject *buildkit_generator_frame(PyObject *code, int has_begun);
static int buildkit_throw(PyObject *kind, PyObject *value, PyObject *traceback);
static int buildkit_may_delegate(PyObject *source);
static PyObject *buildkit_yields_from(PyObject *generator, void *unused);
static PyObject *buildkit_is_suspended(PyObject *generator, void *unused);
static PyObject *buildkit_generator_class(PyObject *generator, void *unused);
static PyObject *buildkit_generator_repr(PyObject *generator);
static int buildkit_name_type(PyTypeObject *type, PyTypeObject *like);
