// headers_test.c once more, as C++20.
#include <type_traits>

#include "headers_test.c"

static_assert(std::is_same_v<decltype(CKR_OK), CK_RV>);
static_assert(std::is_same_v<CK_C_Sign, decltype(&C_Sign)>);
static_assert(std::is_standard_layout_v<CK_FUNCTION_LIST_3_2>);
static_assert(sizeof(CK_BBOOL) == 1);
