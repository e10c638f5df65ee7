static PyObject *buildkit_line_table(PyCodeObject *code, int first, int line);
static PyObject *buildkit_code_in(PyCodeObject *code, int line);
#if PY_VERSION_HEX >= 0x030B0000
static int buildkit_forget_columns(PyCodeObject *code);
static unsigned int buildkit_read_number(const unsigned char **at);
#else
#define buildkit_forget_columns(code) 0  /* its tables have none */
#endif
static int buildkit_is_raised_again(void);
static void buildkit_leave_generator(Py_ssize_t number, int line);
static void buildkit_replace_stop(void);
static void buildkit_add_traceback(const char *name, int line);
/* From here to the end of the functions, tracebacks are Python's; see entries.py for the end. */
#define __Pyx_AddTraceback(name, c_line, line, file) buildkit_add_traceback(name, line)
