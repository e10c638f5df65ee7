"""The words of errors that stand in Cython's own C, and those of Python that replace them."""

from __future__ import annotations

from buildkit.compile.sameness.replacement import Replacement

_UNBOUND = """
#if PY_VERSION_HEX >= 0x030B0000
    PyErr_Format(PyExc_UnboundLocalError,
        "cannot access local variable '%s' where it is not associated with a value", varname);
#else
    PyErr_Format(PyExc_UnboundLocalError, "local variable '%s' referenced before assignment", varname);
#endif
"""

WORDINGS = (
    Replacement(
        "ObjectHandling.c",
        "RaiseUnboundLocalError",
        """
    PyErr_Format(PyExc_UnboundLocalError, "local variable '%s' referenced before assignment", varname);
""",
        _UNBOUND,
        "a local name that has no value",
    ),
    Replacement(
        "ObjectHandling.c",
        "GetBuiltinName",
        "__Pyx_PyObject_GetAttrStrNoError(NAMED_CGLOBAL(builtins_cname), name)",
        "buildkit_item(PyModule_GetDict(NAMED_CGLOBAL(builtins_cname)), name)",
        "a name of the language that `builtins` has not, but each module has, such as `__dict__`",
    ),
    Replacement(
        "ObjectHandling.c",
        "GetBuiltinName",
        """        PyErr_Format(PyExc_NameError,
            "name '%U' is not defined", name);
""",
        "        buildkit_no_name(name);\n",
        "the `name` of a `NameError`, from which suggestions are made",
    ),
    Replacement(
        "ObjectHandling.c",
        "PyObjectGetAttrStr",
        """    PyTypeObject* tp = Py_TYPE(obj);
    if (likely(tp->tp_getattro))
        return tp->tp_getattro(obj, attr_name);
""",
        "",
        "the `name` and `obj` of an `AttributeError` that a `__getattr__` raises",
    ),
    Replacement(
        "ObjectHandling.c",
        "IterNext",
        '__Pyx_FMT_TYPENAME " object is not an iterator"',
        '"\'" __Pyx_FMT_TYPENAME "\' object is not an iterator"',
        "`next` of what is no iterator",
    ),
    Replacement(
        "ObjectHandling.c",
        "IterNext",
        """
    #if CYTHON_COMPILING_IN_CPYTHON && PY_VERSION_HEX < 0x030d0000

        if (unlikely(iternext == &_PyObject_NextNotImplemented))
            return NULL;
    #endif
""",
        """
        if (unlikely(!PyIter_Check(iterator))) {
            PyErr_Clear();
            __Pyx_PyIter_Next_ErrorNoIterator(iterator);
            return NULL;
        }
""",
        "`next` of an object whose class defines no `__next__`",
    ),
    Replacement(
        "ObjectHandling.c",
        "IterNext",
        "    __Pyx_PyErr_SetNone(PyExc_StopIteration);",
        "    PyErr_SetNone(PyExc_StopIteration);",
        "the context of a `StopIteration` that `next` raises, under Python 3.10 and 3.11",
    ),
    Replacement(
        "ObjectHandling.c",
        "ObjectGetItem",
        """
    __Pyx_RaiseTypeErrorWithObjectType(
        "'" __Pyx_FMT_TYPENAME "' object is not subscriptable", obj);
    return NULL;
""",
        """
    return PyObject_GetItem(obj, key);
""",
        "`x[y]` of a class without `__class_getitem__`",
    ),
    Replacement(
        "ImportExport.c",
        "ImportFrom",
        "if (unlikely(!value) && PyErr_ExceptionMatches(PyExc_AttributeError)) {",
        """if (unlikely(!value) && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        return buildkit_import_from(module, name);
    }
    if ((0)) {""",
        "`from module import name` of a name that is not there",
    ),
    Replacement(
        "ImportExport.c",
        "ImportFrom",
        'PyErr_Format(PyExc_ImportError, "cannot import name %S", name);',
        "",
        "`from module import name` where the module's `__getattr__` raises another error",
    ),
    Replacement(
        "ImportExport.c",
        "ImportImpl",
        "module_found = __Pyx__Import_Lookup(qualname, imported_names, len_imported_names, &module);",
        "module_found = 0;",
        "`import` of what is `None` in `sys.modules`, and of what another thread is just importing: Python waits",
    ),
    Replacement(
        "ImportExport.c",
        "Import",
        "    return __Pyx__Import(",
        """    PyObject *hook = buildkit_import_hook();
    if (unlikely(hook)) return buildkit_import_by(hook, name, imported_names, len_imported_names, level);
    if (unlikely(PyErr_Occurred())) return NULL;
    return __Pyx__Import(""",
        "`import` where `builtins.__import__` is another one",
    ),
    Replacement(
        "Exceptions.c",
        "SaveResetException",
        """  #if CYTHON_USE_EXC_INFO_STACK && PY_VERSION_HEX >= 0x030B00a4
    _PyErr_StackItem *exc_info = __Pyx_PyErr_GetTopmostException(tstate);
""",
        """  #if CYTHON_USE_EXC_INFO_STACK && PY_VERSION_HEX >= 0x030B00a4
    _PyErr_StackItem *exc_info = tstate->exc_info;
""",
        "`sys.exc_info()` in a generator, after its caller has handled what it handled",
    ),
    Replacement(
        "Exceptions.c",
        "SaveResetException",
        """  #elif CYTHON_USE_EXC_INFO_STACK
    _PyErr_StackItem *exc_info = __Pyx_PyErr_GetTopmostException(tstate);
""",
        """  #elif CYTHON_USE_EXC_INFO_STACK
    _PyErr_StackItem *exc_info = tstate->exc_info;
""",
        "the same under Python 3.10",
    ),
    Replacement(
        "Exceptions.c",
        "RaiseException",
        '"raise: exception class must be a subclass of BaseException"',
        '"exceptions must derive from BaseException"',
        "`raise` of what is no exception",
    ),
    Replacement(
        "Exceptions.c",
        "RaiseException",
        """            if (fixed_cause == NULL)
                goto bad;
""",
        """            if (fixed_cause == NULL)
                goto bad;
#if PY_VERSION_HEX >= 0x030D0000
            if (!PyExceptionInstance_Check(fixed_cause)) {
                PyErr_Format(PyExc_TypeError, "calling %R should have returned an instance of BaseException, not %R",
                    cause, Py_TYPE(fixed_cause));
                Py_DECREF(fixed_cause);
                goto bad;
            }
#endif
""",
        "`raise … from` a class that makes no exception, from Python 3.13 on",
    ),
    Replacement(
        "Optimize.c",
        "pop",
        "if (likely(PyList_GET_SIZE(L) > (((PyListObject*)L)->allocated >> 1))) {",
        "if (likely(PyList_GET_SIZE(L) > (((PyListObject*)L)->allocated >> 1) && PyList_GET_SIZE(L) > 0)) {",
        "`pop()` of a list that is being sorted",
    ),
)
