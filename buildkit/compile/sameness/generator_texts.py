"""Where the C of Cython's generators does otherwise than Python's, and what stands for it."""

from __future__ import annotations

from buildkit.compile.sameness.replacement import Replacement


def _in(section: str, cython: str, python: str, shown: str) -> Replacement:
    return Replacement("Coroutine.c", section, cython, python, shown)


GENERATORS = (
    _in(
        "CoroutineBase",
        "#if PY_VERSION_HEX >= 0x030b00a6 && !defined(PYPY_VERSION)",
        "#if 0",
        "a build without Python's internal headers",
    ),
    _in(
        "CoroutineBase",
        """#if CYTHON_COMPILING_IN_LIMITED_API || CYTHON_COMPILING_IN_PYPY

        #else
""",
        """#if 1
        #else
""",
        "frames of tracebacks that belong to others: their `f_back` was overwritten, at which the process died",
    ),
    _in(
        "CoroutineBase",
        """#if CYTHON_COMPILING_IN_PYPY || CYTHON_COMPILING_IN_LIMITED_API

    CYTHON_UNUSED_VAR(exc_state);
""",
        """#if 1
    CYTHON_UNUSED_VAR(exc_state);
""",
        "the same when a generator pauses",
    ),
    _in(
        "CoroutineBase",
        "    retval = self->body(self, tstate, value);",
        "    retval = buildkit_resume(self, tstate, value);",
        "generators that go through each other without end",
    ),
    _in(
        "CoroutineBase",
        "likely(result == PYGEN_RETURN && *retval == Py_None)",
        "likely(result == PYGEN_RETURN)",
        "`close()` of a generator that returns a value",
    ),
    _in(
        "CoroutineBase",
        """    Py_XDECREF(retval);
    Py_RETURN_NONE;
""",
        """#if PY_VERSION_HEX >= 0x030D0000
    if (retval) return retval;
#endif
    Py_XDECREF(retval);
    Py_RETURN_NONE;
""",
        "the result of `close()`, from Python 3.13 on",
    ),
    _in(
        "CoroutineBase",
        """    Py_CLEAR(gen->gi_code);
    Py_CLEAR(gen->gi_frame);
    Py_CLEAR(gen->gi_name);
    Py_CLEAR(gen->gi_qualname);
    Py_CLEAR(gen->gi_modulename);
""",
        "    Py_CLEAR(gen->gi_frame);\n",
        "the name and the code of a generator that has ended",
    ),
    _in(
        "CoroutineBase",
        """    __Pyx_Coroutine_clear(self);
    __Pyx_PyHeapTypeObject_GC_Del(gen);
""",
        """    buildkit_end_generator(gen);
    __Pyx_Coroutine_clear(self);
    Py_CLEAR(gen->gi_code);
    Py_CLEAR(gen->gi_name);
    Py_CLEAR(gen->gi_qualname);
    __Pyx_PyHeapTypeObject_GC_Del(gen);
""",
        "the same, when nobody has it any more",
    ),
    _in(
        "CoroutineBase",
        """    gen->is_running = 1;
    __Pyx_END_CRITICAL_SECTION();
    return result;
""",
        """    if (!result) gen->is_running = 1;
    __Pyx_END_CRITICAL_SECTION();
    if (unlikely(gen->yieldfrom) && !result) buildkit_delegate(gen);
    return result;
""",
        "the frame of a generator while it goes through another one",
    ),
    _in(
        "CoroutineBase",
        "    gen->is_running = 0;\n    __Pyx_END_CRITICAL_SECTION();\n",
        "    buildkit_pause_generator(gen);\n    gen->is_running = 0;\n    __Pyx_END_CRITICAL_SECTION();\n",
        "the same when it pauses",
    ),
    _in(
        "CoroutineBase",
        "        if (unlikely(!self->gi_code)) {",
        "        if (unlikely(!self->gi_code || self->resume_label == -1)) {",
        "`gi_frame` of a generator that has ended",
    ),
    _in(
        "CoroutineBase",
        """        PyObject *globals = PyDict_New();
        if (unlikely(!globals)) return NULL;
        frame = (PyObject *) PyFrame_New(
            PyThreadState_Get(),            /*PyThreadState *tstate,*/
            (PyCodeObject*) self->gi_code,  /*PyCodeObject *code,*/
            globals,                        /*PyObject *globals,*/
            0                               /*PyObject *locals*/
        );
        Py_DECREF(globals);
""",
        "        frame = buildkit_generator_frame(self, NULL);\n",
        "`gi_frame`, which has the module's names, and its line",
    ),
    _in(
        "CoroutineBase",
        """    PyObject *frame = self->gi_frame;
    if (frame)
        return __Pyx_NewRef(frame);
""",
        """    PyObject *frame = self->gi_frame;
    if (frame)
        return buildkit_generator_frame(self, frame);
""",
        "`gi_frame` of one that has gone on since it was first asked",
    ),
    _in(
        "CoroutineBase",
        """throw_here:
    __Pyx_Raise(typ, val, tb, NULL);
""",
        """throw_here:
    if (!buildkit_throw(typ, val, tb)) {
        __Pyx_Coroutine_unset_is_running(gen);
        return NULL;
    }
""",
        "`throw()` of what is no exception",
    ),
    _in(
        "CoroutineBase",
        """        PyErr_SetString(PyExc_TypeError, "throw takes between 1 and 3 positional arguments");
""",
        """        PyErr_Format(PyExc_TypeError, nargs < 1 ? "throw expected at least 1 argument, got %zd"
            : "throw expected at most 3 arguments, got %zd", nargs);
""",
        "`throw()` without an argument",
    ),
    _in(
        "CoroutineBase",
        "    switch (nargs) {",
        """#if PY_VERSION_HEX >= 0x030C0000
    if (nargs > 1 && nargs < 4 && PyErr_WarnEx(PyExc_DeprecationWarning, "the (type, exc, tb) signature of throw() is "
        "deprecated, use the single-arg signature instead.", 1) < 0) return NULL;
#endif
    switch (nargs) {""",
        "`throw()` with more than one argument, from Python 3.12 on",
    ),
    _in(
        "pep479",
        """    __Pyx_PyThreadState_assign
    cur_exc =""",
        """    if (!in_async_gen) return;  /* `buildkit_resume` does it, outside this frame */
    __Pyx_PyThreadState_assign
    cur_exc =""",
        "the traceback of `generator raised StopIteration`",
    ),
    _in(
        "CoroutineBase",
        """    *result = retval;

    if (self->resume_label == -1) {""",
        """    *result = retval;

    if (unlikely(self->resume_label == 0)) return PYGEN_ERROR;
    if (self->resume_label == -1) {""",
        "`send(1)` to a generator that has not begun, which it then still may",
    ),
    _in(
        "GeneratorYieldFrom",
        """    PyObject *source_gen;
    __Pyx_PySendResult result;
""",
        """    PyObject *source_gen;
    __Pyx_PySendResult result;
    if (unlikely(!buildkit_may_delegate(source))) { *retval = NULL; return PYGEN_ERROR; }
""",
        "`yield from` a coroutine",
    ),
    _in(
        "Generator",
        """    {"gi_yieldfrom", T_OBJECT, offsetof(__pyx_CoroutineObject, yieldfrom), READONLY,
     PyDoc_STR("object being iterated by 'yield from', or None")},
""",
        "",
        "`gi_yieldfrom` of a generator that runs",
    ),
    _in(
        "Generator",
        """    {"__module__", T_OBJECT, offsetof(__pyx_CoroutineObject, gi_modulename), 0, 0},
""",
        "",
        "generators have no `__module__`",
    ),
    _in(
        "Generator",
        """    {"gi_running", __Pyx_Coroutine_get_is_running_getter, NULL, NULL, NULL},
""",
        """    {"gi_running", __Pyx_Coroutine_get_is_running_getter, NULL, NULL, NULL},
#if PY_VERSION_HEX >= 0x030B0000
    {"gi_suspended", buildkit_is_suspended, NULL, NULL, NULL},
#endif
    {"gi_yieldfrom", buildkit_yields_from, NULL, NULL, NULL},
    {"__class__", buildkit_generator_class, NULL, NULL, NULL},
""",
        "`inspect.isgenerator`, `isinstance(x, types.GeneratorType)`",
    ),
    _in(
        "Generator",
        """    {Py_tp_iter, (void *)PyObject_SelfIter},
""",
        """    {Py_tp_iter, (void *)PyObject_SelfIter},
    {Py_tp_repr, (void *)buildkit_generator_repr},
""",
        "`repr` of a generator",
    ),
    _in(
        "Generator",
        """#if __PYX_HAS_PY_AM_SEND == 2
    __Pyx_SetBackportTypeAmSend(mstate->__pyx_GeneratorType, &__pyx_Generator_as_async, &__Pyx_Coroutine_AmSend);
#endif
    return 0;
""",
        """    return buildkit_name_type(mstate->__pyx_GeneratorType, &PyGen_Type);
""",
        "what errors call a generator",
    ),
)
