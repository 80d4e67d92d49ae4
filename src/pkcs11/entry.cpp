// The exported functions: one row each, and the function lists made from the same rows.
#include <string_view>

#include "pkcs11/guard.hpp"

namespace jeton::pkcs11 {

namespace {

/// needs_of finds the functions that an application may call before C_Initialize (PKCS#11 3.2, 5.4 and 5.5).
constexpr Needs needs_of(std::string_view name) {
    for (const std::string_view early :
         {"C_Initialize", "C_GetFunctionList", "C_GetInterfaceList", "C_GetInterface"}) {
        if (name == early) {
            return Needs::nothing;
        }
    }
    return Needs::module;
}

}  // namespace

}  // namespace jeton::pkcs11

#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args)          \
    extern "C" CK_RV name params {                                             \
        using namespace jeton::pkcs11;                                         \
        return guard(#name, needs_of(#name), [&](Api api) { api.name args; }); \
    }
#include "pkcs11_functions.h"
