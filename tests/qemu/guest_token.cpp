#include "qemu/guest_token.hpp"

#include <array>
#include <dlfcn.h>
#include <fmt/core.h>

namespace jeton::test {

namespace {

void require(CK_RV rv, const char* function) {
    if (rv != CKR_OK) {
        throw CkError(function, rv);
    }
}

template <std::size_t size>
std::string text(const CK_UTF8CHAR (&field)[size]) {
    std::string result(reinterpret_cast<const char*>(field), size);
    result.erase(result.find_last_not_of(' ') + 1);
    return result;
}

/// message is what the signature |number| is made of.
Bytes message(std::size_t number) {
    return Bytes(100, static_cast<Byte>(number));
}

}  // namespace

CkError::CkError(const std::string& function, CK_RV rv)
    : std::runtime_error(fmt::format("{}: 0x{:X}", function, rv)), m_rv(rv) {}

GuestModule::GuestModule(const std::string& path) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        throw std::runtime_error(dlerror());
    }
    auto get_list = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
    if (get_list == nullptr) {
        throw std::runtime_error(path + " has no C_GetFunctionList");
    }
    require(get_list(&m_functions), "C_GetFunctionList");
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    require(m_functions->C_Initialize(&arguments), "C_Initialize");
}

GuestModule::~GuestModule() {
    m_functions->C_Finalize(nullptr);
}

std::vector<CK_SLOT_ID> GuestModule::slots(bool with_token) const {
    std::array<CK_SLOT_ID, 32> ids{};
    CK_ULONG count = ids.size();
    require(m_functions->C_GetSlotList(with_token ? CK_TRUE : CK_FALSE, ids.data(), &count), "C_GetSlotList");
    return {ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::string GuestModule::slot_name(CK_SLOT_ID slot) const {
    CK_SLOT_INFO info{};
    require(m_functions->C_GetSlotInfo(slot, &info), "C_GetSlotInfo");
    return text(info.slotDescription);
}

std::string GuestModule::state(CK_SLOT_ID slot) const {
    CK_SLOT_INFO info{};
    require(m_functions->C_GetSlotInfo(slot, &info), "C_GetSlotInfo");
    if ((info.flags & CKF_TOKEN_PRESENT) == 0) {
        return "no card";
    }
    CK_TOKEN_INFO token{};
    const CK_RV rv = m_functions->C_GetTokenInfo(slot, &token);
    return rv == CKR_OK ? fmt::format("card \"{}\"", text(token.label))
                        : fmt::format("card without a profile (0x{:X})", rv);
}

GuestToken::GuestToken(const std::string& module) : m_module(module) {
    const auto slots = m_module.slots(true);
    if (slots.empty()) {
        throw std::runtime_error("there is no token");
    }
    require(m_module->C_OpenSession(slots.front(), CKF_SERIAL_SESSION, nullptr, nullptr, &m_session),
            "C_OpenSession");
}

void GuestToken::login(const std::string& pin) {
    std::string copy = pin;
    require(m_module->C_Login(m_session, CKU_USER, reinterpret_cast<CK_UTF8CHAR*>(copy.data()), copy.size()),
            "C_Login");
}

CK_OBJECT_HANDLE GuestToken::find(CK_OBJECT_CLASS object_class) {
    Byte id = 1;
    std::array<CK_ATTRIBUTE, 2> wanted{{{CKA_CLASS, &object_class, sizeof object_class}, {CKA_ID, &id, 1}}};
    require(m_module->C_FindObjectsInit(m_session, wanted.data(), wanted.size()), "C_FindObjectsInit");
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    CK_ULONG count = 0;
    require(m_module->C_FindObjects(m_session, &handle, 1, &count), "C_FindObjects");
    require(m_module->C_FindObjectsFinal(m_session), "C_FindObjectsFinal");
    if (count == 0) {
        throw CkError("C_FindObjects, key 01", CKR_KEY_HANDLE_INVALID);
    }
    return handle;
}

void GuestToken::sign() {
    if (m_private == CK_INVALID_HANDLE) {
        m_private = find(CKO_PRIVATE_KEY);
        m_public = find(CKO_PUBLIC_KEY);
    }
    Bytes data = message(m_signatures.size());
    Bytes signature(512);
    CK_ULONG length = signature.size();
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    require(m_module->C_SignInit(m_session, &mechanism, m_private), "C_SignInit");
    require(m_module->C_Sign(m_session, data.data(), data.size(), signature.data(), &length), "C_Sign");
    signature.resize(length);
    m_signatures.push_back(std::move(signature));
}

void GuestToken::check() {
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    for (std::size_t i = 0; i < m_signatures.size(); ++i) {
        Bytes data = message(i);
        Bytes& signature = m_signatures[i];
        require(m_module->C_VerifyInit(m_session, &mechanism, m_public), "C_VerifyInit");
        require(m_module->C_Verify(m_session, data.data(), data.size(), signature.data(), signature.size()),
                "C_Verify");
    }
}

}  // namespace jeton::test
