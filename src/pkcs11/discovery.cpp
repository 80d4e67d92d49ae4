// Function lists and interfaces (PKCS#11 3.2, 5.5).
#include <algorithm>
#include <array>
#include <cstring>

#include "pkcs11/api.hpp"
#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

#define CK_FUNCTION_ROW_2_40(since_major, since_minor, name, params, args) ::name,
CK_FUNCTION_LIST list_2_40 = {
    {2, 40},
#include "pkcs11_functions.h"
};

#define CK_FUNCTION_ROW_2_40(since_major, since_minor, name, params, args) ::name,
#define CK_FUNCTION_ROW_3_0(since_major, since_minor, name, params, args) ::name,
CK_FUNCTION_LIST_3_0 list_3_0 = {
    {3, 0},
#include "pkcs11_functions.h"
};

#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) ::name,
CK_FUNCTION_LIST_3_2 list_3_2 = {
    {3, 2},
#include "pkcs11_functions.h"
};

CK_UTF8CHAR interface_name[] = "PKCS 11";

/// The default interface first.
std::array<CK_INTERFACE, 3> interfaces{
    {{interface_name, &list_3_2, 0}, {interface_name, &list_3_0, 0}, {interface_name, &list_2_40, 0}}};

bool matches(const CK_INTERFACE& candidate, const CK_UTF8CHAR* name, const CK_VERSION* version,
             CK_FLAGS flags) {
    const auto* candidate_version = static_cast<const CK_VERSION*>(candidate.pFunctionList);
    if (name != nullptr && std::strcmp(reinterpret_cast<const char*>(name),
                                       reinterpret_cast<const char*>(candidate.pInterfaceName)) != 0) {
        return false;
    }
    if (version != nullptr &&
        (version->major != candidate_version->major || version->minor != candidate_version->minor)) {
        return false;
    }
    return (candidate.flags & flags) == flags;
}

}  // namespace

void Api::C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR ppFunctionList) {
    require(ppFunctionList != nullptr, CKR_ARGUMENTS_BAD, "ppFunctionList is null");
    *ppFunctionList = &list_2_40;
}

void Api::C_GetInterfaceList(CK_INTERFACE_PTR pInterfacesList, CK_ULONG_PTR pulCount) {
    require(pulCount != nullptr, CKR_ARGUMENTS_BAD, "pulCount is null");
    const CK_ULONG room = *pulCount;
    *pulCount = interfaces.size();
    if (pInterfacesList == nullptr) {
        return;
    }
    require(room >= interfaces.size(), CKR_BUFFER_TOO_SMALL, "the interface list is too short");
    std::ranges::copy(interfaces, pInterfacesList);
}

void Api::C_GetInterface(CK_UTF8CHAR_PTR pInterfaceName, CK_VERSION_PTR pVersion,
                         CK_INTERFACE_PTR_PTR ppInterface, CK_FLAGS flags) {
    require(ppInterface != nullptr, CKR_ARGUMENTS_BAD, "ppInterface is null");
    for (CK_INTERFACE& candidate : interfaces) {
        if (matches(candidate, pInterfaceName, pVersion, flags)) {
            *ppInterface = &candidate;
            return;
        }
    }
    throw Error(CKR_ARGUMENTS_BAD, "no interface of that name, version and flags");
}

}  // namespace jeton::pkcs11
