#define buildkit_generator(body, function, closure, number) \
  buildkit_with_frame(__Pyx_Generator_New((__pyx_coroutine_body_t)(body), PyFunction_GET_CODE(function), (PyObject *)(closure), \
    ((PyFunctionObject *)(function))->func_name, ((PyFunctionObject *)(function))->func_qualname, NULL), &buildkit_functions[number].frames)
struct __pyx_CoroutineObject;
#if BUILDKIT_FRAMES
/* A generator has a frame of its own as long as it lives. It is kept where nothing else stands: generators have no
   `__module__`. */
#define BUILDKIT_FRAME_OF(generator) ((buildkit_frame *)(generator)->gi_modulename)
static PyObject *buildkit_with_frame(struct __pyx_CoroutineObject *generator, buildkit_own_frames *own);
static void buildkit_end_generator(struct __pyx_CoroutineObject *generator);
static void buildkit_delegate(struct __pyx_CoroutineObject *generator);
static CYTHON_INLINE void buildkit_pause_generator(struct __pyx_CoroutineObject *generator);
#else
#define buildkit_with_frame(generator, own) ((PyObject *)(generator))
#define buildkit_end_generator(generator) ((void)0)
#define buildkit_delegate(generator) ((void)0)
#define buildkit_pause_generator(generator) ((void)0)
#define buildkit_run_generator(generator, state, thread, sent) (generator)->body(generator, state, sent)
#endif
static PyObject *buildkit_resume(struct __pyx_CoroutineObject *generator, PyThreadState *state, PyObject *sent);
static PyObject *buildkit_generator_frame(struct __pyx_CoroutineObject *generator, PyObject *frame);
static int buildkit_throw(PyObject *kind, PyObject *value, PyObject *traceback);
static int buildkit_may_delegate(PyObject *source);
static PyObject *buildkit_yields_from(PyObject *generator, void *unused);
static PyObject *buildkit_is_suspended(PyObject *generator, void *unused);
static PyObject *buildkit_generator_class(PyObject *generator, void *unused);
static PyObject *buildkit_generator_repr(PyObject *generator);
static int buildkit_name_type(PyTypeObject *type, PyTypeObject *like);
