/* Each place that asks for an attribute remembers where it was found, as the interpreter does: see attributes.c. */
#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030F0000 && BUILDKIT_ALONE
typedef struct {
  unsigned int version;  /* the tag of the class for which the rest holds; no class has the first one */
  int place;             /* among the values of the object; of a slot, how far behind its start, negated */
  int left;              /* how often it may still remember another class */
  unsigned int failed;   /* the tag of the class with which it could not, last */
} buildkit_attribute;
typedef struct {
  unsigned int version;
  Py_ssize_t keys;       /* how many names the objects of the class had; -1 if they have no dict */
  PyObject *function;    /* which the class holds for as long as it has this tag */
  int left;
  unsigned int failed;
} buildkit_method_of;
#define BUILDKIT_NEVER 0xFFFFFFFFu
#define BUILDKIT_CLASSES 16  /* a place that meets more in turn looks for each */

#if PY_VERSION_HEX >= 0x030D0000
typedef struct { unsigned char capacity, size, embedded, valid; PyObject *values[1]; } buildkit_inline;
#endif
/* The values of an object of a class with a managed dict; NULL if they are in a dict of their own. */
static CYTHON_INLINE PyObject **buildkit_values(PyObject *object) {
#if PY_VERSION_HEX >= 0x030D0000
  buildkit_inline *found = (buildkit_inline *)((char *)object + Py_TYPE(object)->tp_basicsize);
  return found->valid ? found->values : NULL;
#elif PY_VERSION_HEX >= 0x030C0000
  size_t found = ((size_t *)object)[-3];
  return found & 1 ? (PyObject **)(found + 1) : NULL;
#else
  return ((PyObject ***)object)[-4];
#endif
}

/* Whether a value may be replaced without anybody's knowledge. */
static CYTHON_INLINE int buildkit_has_no_dict(PyObject *object) {
#if PY_VERSION_HEX >= 0x030D0000
  return ((PyObject **)object)[-3] == NULL;
#else
  (void)object;
  return 1;
#endif
}

/* An object has one more value: keep the order in which it got them. */
static CYTHON_INLINE void buildkit_count_value(PyObject **values, int place) {
#if PY_VERSION_HEX >= 0x030D0000
  buildkit_inline *of = (buildkit_inline *)((char *)values - offsetof(buildkit_inline, values));
  ((unsigned char *)&of->values[of->capacity])[of->size++] = (unsigned char)place;
#else
  unsigned char *size = (unsigned char *)values - 2;
  ++*size;
  size[-*size] = (unsigned char)place;
#endif
}

/* Where an object has the attribute that was remembered; NULL if it is another class, or has none. */
static CYTHON_INLINE PyObject **buildkit_place_of(PyObject *object, buildkit_attribute *at) {
  PyObject **values;
  if (unlikely(Py_TYPE(object)->tp_version_tag != at->version)) return NULL;
  if (at->place < 0) return (PyObject **)((char *)object - at->place);
  values = buildkit_values(object);
  return likely(values) ? values + at->place : NULL;
}

static PyObject *buildkit_find_attribute(PyObject *object, PyObject *name, buildkit_attribute *at);
static int buildkit_assign_attribute(PyObject *object, PyObject *name, PyObject *value, buildkit_attribute *at);
static PyObject *buildkit_find_method(PyObject *name, PyObject *const *args, size_t nargsf, buildkit_method_of *at);
static Py_ssize_t buildkit_count_keys(PyTypeObject *type);

static CYTHON_INLINE PyObject *buildkit_get_attribute(PyObject *object, PyObject *name, buildkit_attribute *at) {
  PyObject **place = buildkit_place_of(object, at);
  if (likely(place && *place)) { Py_INCREF(*place); return *place; }
  return buildkit_find_attribute(object, name, at);
}
static CYTHON_INLINE int buildkit_set_attribute(PyObject *object, PyObject *name, PyObject *value, buildkit_attribute *at) {
  PyObject **place = buildkit_place_of(object, at), *old;
  if (unlikely(!place || !value || (at->place >= 0 && !buildkit_has_no_dict(object))))
    return buildkit_assign_attribute(object, name, value, at);
  old = *place;
  Py_INCREF(value);
  *place = value;
  if (old) Py_DECREF(old);
  else if (at->place >= 0) buildkit_count_value(place - at->place, at->place);
  return 0;
}
/* Whether what the class had for this name is still what the object has. */
static CYTHON_INLINE int buildkit_is_method_of(PyObject *object, buildkit_method_of *at) {
  PyTypeObject *type = Py_TYPE(object);
  if (unlikely(type->tp_version_tag != at->version)) return 0;
  return at->keys < 0 || (buildkit_values(object) && buildkit_count_keys(type) == at->keys);
}
static CYTHON_INLINE PyObject *buildkit_call_of(PyObject *name, PyObject *const *args, size_t nargsf, buildkit_method_of *at) {
  if (likely(buildkit_is_method_of(args[0], at))) {
    PyObject *function = at->function, *result;
    nargsf &= ~PY_VECTORCALL_ARGUMENTS_OFFSET;  /* what stands before them is not the function's to change */
    Py_INCREF(function);  /* the class may let go of it meanwhile */
    if (BUILDKIT_IS_FUNCTION(function)) result = ((PyFunctionObject *)function)->vectorcall(function, args, nargsf, NULL);
    else result = PyObject_Vectorcall(function, args, nargsf, NULL);
    Py_DECREF(function);
    return result;
  }
  return buildkit_find_method(name, args, nargsf, at);
}
/* From here to the end of the functions, see entries.py. */
#define __Pyx_PyObject_GetAttrStr(object, name) \
  (__extension__({ static buildkit_attribute at = {BUILDKIT_NEVER, 0, BUILDKIT_CLASSES}; buildkit_get_attribute(object, name, &at); }))
#define __Pyx_PyObject_SetAttrStr(object, name, value) \
  (__extension__({ static buildkit_attribute at = {BUILDKIT_NEVER, 0, BUILDKIT_CLASSES}; buildkit_set_attribute(object, name, value, &at); }))
#undef __Pyx_PyObject_FastCallMethod
#define __Pyx_PyObject_FastCallMethod(name, args, nargsf) \
  (__extension__({ static buildkit_method_of at = {BUILDKIT_NEVER, 0, NULL, BUILDKIT_CLASSES}; buildkit_call_of(name, args, nargsf, &at); }))
#endif
