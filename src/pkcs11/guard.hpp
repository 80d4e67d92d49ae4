// guard stands around every C_* function: the only place that catches, and the only place that makes a CK_RV.
#pragma once

#include "pkcs11/api.hpp"
#include "pkcs11/module.hpp"

namespace jeton::pkcs11 {

/// translate_exception names the exception that is being handled as a CK_RV and writes its sentence to the
/// log.
CK_RV translate_exception(const char* function) noexcept;

/// Needs says whether a function works before C_Initialize.
enum class Needs { nothing, module };

/// guard runs |call| with the module held, so that C_Finalize cannot free it meanwhile.
template <typename Call>
CK_RV guard(const char* function, Needs needs, Call&& call) noexcept {
    try {
        const ModuleReference module = Module::current();
        if (!module && needs == Needs::module) {
            return CKR_CRYPTOKI_NOT_INITIALIZED;
        }
        call(Api(module.get()));
        return CKR_OK;
    } catch (...) {
        return translate_exception(function);
    }
}

}  // namespace jeton::pkcs11
