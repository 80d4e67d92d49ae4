// Checks pkcs11.h against the committed tables: values, layout, functions. The same text is compiled as C99
// and, through headers_test_cxx.cpp, as C++20. Usage: headers_test constants|layout|functions
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "pkcs11.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int failures = 0;

static void check(const char* what, const char* detail, unsigned long actual, unsigned long expected) {
    if (actual != expected) {
        printf("%s%s%s is %#lx, expected %#lx\n", what, detail[0] ? "." : "", detail, actual, expected);
        ++failures;
    }
}

static void check_text(const char* what, const char* actual, const char* expected) {
    if (strcmp(actual, expected) != 0) {
        printf("%s is \"%s\", expected \"%s\"\n", what, actual, expected);
        ++failures;
    }
}

static int report(const char* what, size_t count, size_t minimum) {
    printf("%lu %s checked, %d failures\n", (unsigned long)count, what, failures);
    if (count < minimum) {
        printf("expected at least %lu\n", (unsigned long)minimum);
        return 1;
    }
    return failures == 0 ? 0 : 1;
}

// ----------------------------------------------------------------------
// constants.csv
// ----------------------------------------------------------------------

struct value_row {
    const char* name;
    const char* member;
    unsigned long actual;
    unsigned long expected;
};

// The cast cuts CK_UNAVAILABLE_INFORMATION to the width of CK_ULONG.
static const struct value_row constant_rows[] = {
#define CONSTANT(name, value) {#name, "", (unsigned long)(name), (unsigned long)(value)},
#include "constants.inc"
};

static int test_constants(void) {
    size_t i;
    for (i = 0; i < COUNT(constant_rows); ++i) {
        check(constant_rows[i].name, "", constant_rows[i].actual, constant_rows[i].expected);
    }
    check("sizeof of a CKR_ value", "", sizeof(CKR_OK), sizeof(CK_RV));
    check("CKM_VENDOR_DEFINED is unsigned", "", CKM_VENDOR_DEFINED > 0, 1);
    check("CK_UNAVAILABLE_INFORMATION + 1", "", CK_UNAVAILABLE_INFORMATION + 1, 0);
    return report("constants", COUNT(constant_rows), 1050);
}

// ----------------------------------------------------------------------
// layout.csv
// ----------------------------------------------------------------------

static const struct value_row layout_rows[] = {
#define STRUCT(type, size) {#type, "", sizeof(type), size},
#define MEMBER(type, member, offset, size)                        \
    {#type, #member " (offset)", offsetof(type, member), offset}, \
        {#type, #member " (size)", sizeof(((type*)NULL)->member), size},
#include "layout.inc"
};

static int test_layout(void) {
    size_t i;
    for (i = 0; i < COUNT(layout_rows); ++i) {
        check(layout_rows[i].name, layout_rows[i].member, layout_rows[i].actual, layout_rows[i].expected);
    }
    check("sizeof(CK_BYTE)", "", sizeof(CK_BYTE), 1);
    check("sizeof(CK_BBOOL)", "", sizeof(CK_BBOOL), 1);
    check("sizeof(CK_ULONG)", "", sizeof(CK_ULONG), 8);
    check("sizeof(CK_LONG)", "", sizeof(CK_LONG), 8);
    return report("struct sizes, member offsets and sizes", COUNT(layout_rows), 100 + 2 * 487);
}

// ----------------------------------------------------------------------
// functions.csv
// ----------------------------------------------------------------------

struct function_row {
    const char* name;
    int major;
    int minor;
    unsigned long offset;
    const char* params;
    const char* args;
};

static const struct function_row expected_functions[] = {
#define FUNCTION(name, since_major, since_minor, offset, params, args) \
    {name, since_major, since_minor, offset, params, args},
#include "functions.inc"
};

static const struct function_row functions_2_40[] = {
#define CK_FUNCTION_ROW_2_40(since_major, since_minor, name, params, args) \
    {#name, since_major, since_minor, offsetof(CK_FUNCTION_LIST, name), #params, #args},
#include "pkcs11_functions.h"
};

static const struct function_row functions_3_0[] = {
#define CK_FUNCTION_ROW_2_40(since_major, since_minor, name, params, args) \
    {#name, since_major, since_minor, offsetof(CK_FUNCTION_LIST_3_0, name), #params, #args},
#define CK_FUNCTION_ROW_3_0 CK_FUNCTION_ROW_2_40
#include "pkcs11_functions.h"
};

static const struct function_row functions_3_2[] = {
#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) \
    {#name, since_major, since_minor, offsetof(CK_FUNCTION_LIST_3_2, name), #params, #args},
#include "pkcs11_functions.h"
};

static void check_functions(const char* list, const struct function_row* rows, size_t count,
                            size_t expected) {
    size_t i;
    check(list, "number of functions", count, expected);
    for (i = 0; i < count && i < COUNT(expected_functions); ++i) {
        check_text(list, rows[i].name, expected_functions[i].name);
        check(rows[i].name, "since, major", (unsigned long)rows[i].major,
              (unsigned long)expected_functions[i].major);
        check(rows[i].name, "since, minor", (unsigned long)rows[i].minor,
              (unsigned long)expected_functions[i].minor);
        check(rows[i].name, "offset", rows[i].offset, expected_functions[i].offset);
        check_text(rows[i].name, rows[i].params, expected_functions[i].params);
        check_text(rows[i].name, rows[i].args, expected_functions[i].args);
    }
}

// A module made of the rows: every function of it answers CKR_FUNCTION_NOT_SUPPORTED and counts the call. It
// proves that the prototypes, the pointer types and the lists agree, and that args calls a function with the
// params.
static unsigned long calls = 0;

#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) \
    CK_RV name params {                                               \
        ++calls;                                                      \
        return CKR_FUNCTION_NOT_SUPPORTED;                            \
    }
#include "pkcs11_functions.h"

static const CK_FUNCTION_LIST_3_2 module_list = {
    {CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR},
#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) name,
#include "pkcs11_functions.h"
};

#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) \
    static CK_RV forward_##name params {                              \
        return module_list.name args;                                 \
    }
#include "pkcs11_functions.h"

static const CK_FUNCTION_LIST_3_2 forward_list = {
    {CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR},
#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) forward_##name,
#include "pkcs11_functions.h"
};

static int test_functions(void) {
    CK_ULONG count = 0;
    check_functions("CK_FUNCTION_LIST", functions_2_40, COUNT(functions_2_40), 68);
    check_functions("CK_FUNCTION_LIST_3_0", functions_3_0, COUNT(functions_3_0), 92);
    check_functions("CK_FUNCTION_LIST_3_2", functions_3_2, COUNT(functions_3_2), 104);
    check("functions.csv", "number of rows", COUNT(expected_functions), 104);
    check("C_GetSlotList", "", forward_list.C_GetSlotList(CK_TRUE, NULL_PTR, &count),
          CKR_FUNCTION_NOT_SUPPORTED);
    check("C_AsyncJoin", "", forward_list.C_AsyncJoin(0, NULL_PTR, 0, NULL_PTR, 0),
          CKR_FUNCTION_NOT_SUPPORTED);
    check("calls", "", calls, 2);
    return report("functions in three lists",
                  COUNT(functions_2_40) + COUNT(functions_3_0) + COUNT(functions_3_2), 264);
}

// The first members of the later lists are those of the first one.
typedef char same_prefix_3_0[offsetof(CK_FUNCTION_LIST, C_WaitForSlotEvent) ==
                                     offsetof(CK_FUNCTION_LIST_3_0, C_WaitForSlotEvent)
                                 ? 1
                                 : -1];

int main(int argc, char** argv) {
    (void)sizeof(same_prefix_3_0);
    if (argc != 2) {
        return 2;
    }
    if (strcmp(argv[1], "constants") == 0) {
        return test_constants();
    }
    // The tables of sizes and offsets are for 64-bit long and pointers.
    if (sizeof(CK_ULONG) != 8 || sizeof(void*) != 8) {
        printf("skipped: the tables are for LP64\n");
        return 77;
    }
    if (strcmp(argv[1], "layout") == 0) {
        return test_layout();
    }
    if (strcmp(argv[1], "functions") == 0) {
        return test_functions();
    }
    return 2;
}
