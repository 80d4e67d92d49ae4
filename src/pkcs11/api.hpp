// Api: what each C_* function does, free to throw. One member function for each row of pkcs11_functions.h;
// the rows of entry.cpp call them.
#pragma once

#include "pkcs11/ck.hpp"

namespace jeton::pkcs11 {

class Module;

class Api {
  public:
    /// |module| is null before C_Initialize; only the discovery functions and C_Initialize are called then.
    explicit Api(Module* module) : m_module(module) {}

#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) void name params;
#include "pkcs11_functions.h"

  private:
    Module& module() { return *m_module; }

    Module* m_module;
};

}  // namespace jeton::pkcs11
