// Session objects: made from an application's template, kept in this process.
#pragma once

#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/object.hpp"
#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

/// SecretOrigin says where a secret key comes from (PKCS#11 3.2, 4.10 and 5.18). As it stands: an application
/// brought it.
struct SecretOrigin {
    CK_MECHANISM_TYPE generator = CK_UNAVAILABLE_INFORMATION;
    bool local = false;
    bool always_sensitive = false;   ///< as far as the time before this key goes
    bool never_extractable = false;  ///< likewise

    static SecretOrigin generated_by(CK_MECHANISM_TYPE mechanism) { return {mechanism, true, true, true}; }
};

/// secret_type is the CKA_KEY_TYPE of a secret key: CKK_GENERIC_SECRET or CKK_AES; ATTRIBUTE_VALUE_INVALID
/// for others.
CK_KEY_TYPE secret_type(CK_KEY_TYPE given);

/// is_secret_length tells whether a key of |type| can be |length| bytes long.
bool is_secret_length(CK_KEY_TYPE type, std::size_t length);

/// add_secret_key makes a secret session key with |value| and gives its handle.
CK_OBJECT_HANDLE add_secret_key(Session& session, const Template& given, CK_KEY_TYPE type, SecretBytes value,
                                const SecretOrigin& origin);

/// The rest makes one kind of session object each out of a template of C_CreateObject.
CK_OBJECT_HANDLE create_secret_key(Session& session, const Template& given);
CK_OBJECT_HANDLE create_session_public_key(Session& session, const Template& given);
CK_OBJECT_HANDLE create_session_certificate(Session& session, const Template& given);
CK_OBJECT_HANDLE create_session_data(Session& session, const Template& given);

/// unique_session_id is the CKA_UNIQUE_ID of a new session object.
std::string unique_session_id();

}  // namespace jeton::pkcs11
