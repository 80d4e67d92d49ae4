// PKCS #11 3.2 for C (C99 and later) and C++: types, constants, structures, functions, function lists.
// Written from the published OASIS standard (PKCS #11 version 3.2).
//
// CK_EXPORT is put before every prototype; a module defines it as its export attribute before including this.

#ifndef JETON_PKCS11_H
#define JETON_PKCS11_H

#include <stddef.h>

#include "pkcs11_constants.h"

#define NULL_PTR NULL

#ifndef CK_EXPORT
#define CK_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

// ----------------------------------------------------------------------
// Types: elementary types
// ----------------------------------------------------------------------

typedef unsigned char CK_BYTE;
typedef CK_BYTE CK_CHAR;
typedef CK_BYTE CK_UTF8CHAR;
typedef CK_BYTE CK_BBOOL;
typedef unsigned long CK_ULONG;
typedef long CK_LONG;

typedef void* CK_VOID_PTR;
typedef CK_VOID_PTR* CK_VOID_PTR_PTR;

typedef CK_BYTE* CK_BYTE_PTR;
typedef CK_CHAR* CK_CHAR_PTR;
typedef CK_UTF8CHAR* CK_UTF8CHAR_PTR;
typedef CK_BBOOL* CK_BBOOL_PTR;
typedef CK_ULONG* CK_ULONG_PTR;
typedef CK_LONG* CK_LONG_PTR;

// ----------------------------------------------------------------------
// Types: general
// ----------------------------------------------------------------------

typedef CK_ULONG CK_FLAGS;
typedef CK_ULONG CK_RV;
typedef CK_ULONG CK_NOTIFICATION;
typedef CK_ULONG CK_SLOT_ID;
typedef CK_ULONG CK_SESSION_HANDLE;
typedef CK_ULONG CK_OBJECT_HANDLE;
typedef CK_ULONG CK_USER_TYPE;
typedef CK_ULONG CK_STATE;
typedef CK_ULONG CK_PROFILE_ID;

typedef CK_FLAGS* CK_FLAGS_PTR;
typedef CK_RV* CK_RV_PTR;
typedef CK_NOTIFICATION* CK_NOTIFICATION_PTR;
typedef CK_SLOT_ID* CK_SLOT_ID_PTR;
typedef CK_SESSION_HANDLE* CK_SESSION_HANDLE_PTR;
typedef CK_OBJECT_HANDLE* CK_OBJECT_HANDLE_PTR;
typedef CK_USER_TYPE* CK_USER_TYPE_PTR;
typedef CK_STATE* CK_STATE_PTR;
typedef CK_PROFILE_ID* CK_PROFILE_ID_PTR;

// ----------------------------------------------------------------------
// Types: objects
// ----------------------------------------------------------------------

typedef CK_ULONG CK_OBJECT_CLASS;
typedef CK_ULONG CK_ATTRIBUTE_TYPE;
typedef CK_ULONG CK_KEY_TYPE;
typedef CK_ULONG CK_CERTIFICATE_TYPE;
typedef CK_ULONG CK_CERTIFICATE_CATEGORY;
typedef CK_ULONG CK_JAVA_MIDP_SECURITY_DOMAIN;
typedef CK_ULONG CK_HW_FEATURE_TYPE;
typedef CK_ULONG CK_TRUST;
typedef CK_ULONG CK_VALIDATION_TYPE;
typedef CK_ULONG CK_VALIDATION_AUTHORITY_TYPE;
typedef CK_ULONG CK_SESSION_VALIDATION_FLAGS_TYPE;

typedef CK_OBJECT_CLASS* CK_OBJECT_CLASS_PTR;
typedef CK_ATTRIBUTE_TYPE* CK_ATTRIBUTE_TYPE_PTR;
typedef CK_KEY_TYPE* CK_KEY_TYPE_PTR;
typedef CK_CERTIFICATE_TYPE* CK_CERTIFICATE_TYPE_PTR;
typedef CK_CERTIFICATE_CATEGORY* CK_CERTIFICATE_CATEGORY_PTR;
typedef CK_JAVA_MIDP_SECURITY_DOMAIN* CK_JAVA_MIDP_SECURITY_DOMAIN_PTR;
typedef CK_HW_FEATURE_TYPE* CK_HW_FEATURE_TYPE_PTR;
typedef CK_TRUST* CK_TRUST_PTR;
typedef CK_VALIDATION_TYPE* CK_VALIDATION_TYPE_PTR;
typedef CK_VALIDATION_AUTHORITY_TYPE* CK_VALIDATION_AUTHORITY_TYPE_PTR;
typedef CK_SESSION_VALIDATION_FLAGS_TYPE* CK_SESSION_VALIDATION_FLAGS_TYPE_PTR;

// ----------------------------------------------------------------------
// Types: mechanisms and their parameters
// ----------------------------------------------------------------------

typedef CK_ULONG CK_MECHANISM_TYPE;
typedef CK_ULONG CK_RSA_PKCS_MGF_TYPE;
typedef CK_ULONG CK_RSA_PKCS_OAEP_SOURCE_TYPE;
typedef CK_ULONG CK_EC_KDF_TYPE;
typedef CK_ULONG CK_X9_42_DH_KDF_TYPE;
typedef CK_ULONG CK_RC2_PARAMS;
typedef CK_ULONG CK_MAC_GENERAL_PARAMS;
typedef CK_ULONG CK_EXTRACT_PARAMS;
typedef CK_ULONG CK_PKCS5_PBKD2_PSEUDO_RANDOM_FUNCTION_TYPE;
typedef CK_ULONG CK_PKCS5_PBKDF2_SALT_SOURCE_TYPE;
typedef CK_ULONG CK_OTP_PARAM_TYPE;
typedef CK_ULONG CK_GENERATOR_FUNCTION;
typedef CK_ULONG CK_PRF_DATA_TYPE;
typedef CK_ULONG CK_SP800_108_DKM_LENGTH_METHOD;
typedef CK_ULONG CK_X3DH_KDF_TYPE;
typedef CK_ULONG CK_X2RATCHET_KDF_TYPE;
typedef CK_ULONG CK_XEDDSA_HASH_TYPE;
typedef CK_ULONG CK_HSS_LEVELS;
typedef CK_ULONG CK_LMS_TYPE;
typedef CK_ULONG CK_LMOTS_TYPE;
typedef CK_ULONG CK_XMSSMT_PARAMETER_SET_TYPE;
typedef CK_ULONG CK_XMSS_PARAMETER_SET_TYPE;
typedef CK_ULONG CK_HEDGE_TYPE;
typedef CK_ULONG CK_ML_DSA_PARAMETER_SET_TYPE;
typedef CK_ULONG CK_SLH_DSA_PARAMETER_SET_TYPE;
typedef CK_ULONG CK_ML_KEM_PARAMETER_SET_TYPE;
typedef CK_OTP_PARAM_TYPE CK_PARAM_TYPE;
typedef CK_MECHANISM_TYPE CK_SP800_108_PRF_TYPE;

typedef CK_MECHANISM_TYPE* CK_MECHANISM_TYPE_PTR;
typedef CK_RSA_PKCS_MGF_TYPE* CK_RSA_PKCS_MGF_TYPE_PTR;
typedef CK_RSA_PKCS_OAEP_SOURCE_TYPE* CK_RSA_PKCS_OAEP_SOURCE_TYPE_PTR;
typedef CK_EC_KDF_TYPE* CK_EC_KDF_TYPE_PTR;
typedef CK_X9_42_DH_KDF_TYPE* CK_X9_42_DH_KDF_TYPE_PTR;
typedef CK_RC2_PARAMS* CK_RC2_PARAMS_PTR;
typedef CK_MAC_GENERAL_PARAMS* CK_MAC_GENERAL_PARAMS_PTR;
typedef CK_EXTRACT_PARAMS* CK_EXTRACT_PARAMS_PTR;
typedef CK_PKCS5_PBKD2_PSEUDO_RANDOM_FUNCTION_TYPE* CK_PKCS5_PBKD2_PSEUDO_RANDOM_FUNCTION_TYPE_PTR;
typedef CK_PKCS5_PBKDF2_SALT_SOURCE_TYPE* CK_PKCS5_PBKDF2_SALT_SOURCE_TYPE_PTR;
typedef CK_OTP_PARAM_TYPE* CK_OTP_PARAM_TYPE_PTR;
typedef CK_GENERATOR_FUNCTION* CK_GENERATOR_FUNCTION_PTR;
typedef CK_PRF_DATA_TYPE* CK_PRF_DATA_TYPE_PTR;
typedef CK_SP800_108_DKM_LENGTH_METHOD* CK_SP800_108_DKM_LENGTH_METHOD_PTR;
typedef CK_X3DH_KDF_TYPE* CK_X3DH_KDF_TYPE_PTR;
typedef CK_X2RATCHET_KDF_TYPE* CK_X2RATCHET_KDF_TYPE_PTR;
typedef CK_XEDDSA_HASH_TYPE* CK_XEDDSA_HASH_TYPE_PTR;
typedef CK_HSS_LEVELS* CK_HSS_LEVELS_PTR;
typedef CK_LMS_TYPE* CK_LMS_TYPE_PTR;
typedef CK_LMOTS_TYPE* CK_LMOTS_TYPE_PTR;
typedef CK_XMSSMT_PARAMETER_SET_TYPE* CK_XMSSMT_PARAMETER_SET_TYPE_PTR;
typedef CK_XMSS_PARAMETER_SET_TYPE* CK_XMSS_PARAMETER_SET_TYPE_PTR;
typedef CK_HEDGE_TYPE* CK_HEDGE_TYPE_PTR;
typedef CK_ML_DSA_PARAMETER_SET_TYPE* CK_ML_DSA_PARAMETER_SET_TYPE_PTR;
typedef CK_SLH_DSA_PARAMETER_SET_TYPE* CK_SLH_DSA_PARAMETER_SET_TYPE_PTR;
typedef CK_ML_KEM_PARAMETER_SET_TYPE* CK_ML_KEM_PARAMETER_SET_TYPE_PTR;
typedef CK_PARAM_TYPE* CK_PARAM_TYPE_PTR;
typedef CK_SP800_108_PRF_TYPE* CK_SP800_108_PRF_TYPE_PTR;

// ----------------------------------------------------------------------
// Callbacks: the mutex functions of CK_C_INITIALIZE_ARGS, the notification of C_OpenSession
// ----------------------------------------------------------------------

typedef CK_RV (*CK_CREATEMUTEX)(CK_VOID_PTR_PTR ppMutex);
typedef CK_RV (*CK_DESTROYMUTEX)(CK_VOID_PTR pMutex);
typedef CK_RV (*CK_LOCKMUTEX)(CK_VOID_PTR pMutex);
typedef CK_RV (*CK_UNLOCKMUTEX)(CK_VOID_PTR pMutex);
typedef CK_RV (*CK_NOTIFY)(CK_SESSION_HANDLE hSession, CK_NOTIFICATION event, CK_VOID_PTR pApplication);

// ----------------------------------------------------------------------
// Structures
// ----------------------------------------------------------------------

#include "pkcs11_structs.h"

typedef CK_INTERFACE_PTR* CK_INTERFACE_PTR_PTR;

typedef struct CK_FUNCTION_LIST CK_FUNCTION_LIST;
typedef struct CK_FUNCTION_LIST_3_0 CK_FUNCTION_LIST_3_0;
typedef struct CK_FUNCTION_LIST_3_2 CK_FUNCTION_LIST_3_2;

typedef CK_FUNCTION_LIST* CK_FUNCTION_LIST_PTR;
typedef CK_FUNCTION_LIST_3_0* CK_FUNCTION_LIST_3_0_PTR;
typedef CK_FUNCTION_LIST_3_2* CK_FUNCTION_LIST_3_2_PTR;

typedef CK_FUNCTION_LIST_PTR* CK_FUNCTION_LIST_PTR_PTR;
typedef CK_FUNCTION_LIST_3_0_PTR* CK_FUNCTION_LIST_3_0_PTR_PTR;
typedef CK_FUNCTION_LIST_3_2_PTR* CK_FUNCTION_LIST_3_2_PTR_PTR;

// ----------------------------------------------------------------------
// Functions: prototypes (C_Sign) and pointer types (CK_C_Sign)
// ----------------------------------------------------------------------

#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) CK_EXPORT CK_RV name params;
#include "pkcs11_functions.h"

#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) typedef CK_RV(*CK_##name) params;
#include "pkcs11_functions.h"

// ----------------------------------------------------------------------
// Function lists: a version, then one pointer for each function up to that version
// ----------------------------------------------------------------------

struct CK_FUNCTION_LIST {
    CK_VERSION version;
#define CK_FUNCTION_ROW_2_40(since_major, since_minor, name, params, args) CK_##name name;
#include "pkcs11_functions.h"
};

struct CK_FUNCTION_LIST_3_0 {
    CK_VERSION version;
#define CK_FUNCTION_ROW_2_40(since_major, since_minor, name, params, args) CK_##name name;
#define CK_FUNCTION_ROW_3_0(since_major, since_minor, name, params, args) CK_##name name;
#include "pkcs11_functions.h"
};

struct CK_FUNCTION_LIST_3_2 {
    CK_VERSION version;
#define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) CK_##name name;
#include "pkcs11_functions.h"
};

#ifdef __cplusplus
}
#endif

#endif  // JETON_PKCS11_H
