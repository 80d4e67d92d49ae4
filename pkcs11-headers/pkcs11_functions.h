// PKCS #11 functions, the one list of them, in the order of the function lists; an X-macro file.
// Written from the published OASIS standard (PKCS #11 version 3.2).
//
// Define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) and include this file; it may be
// included as often as needed and undefines the macros at its end. params is the parameter list in
// parentheses, args the same names without types, in parentheses:
//
//     #define CK_FUNCTION_ROW(since_major, since_minor, name, params, args) CK_RV traced_##name params;
//     #include "pkcs11_functions.h"
//
// The rows come in three sections, each with a macro of its own: CK_FUNCTION_ROW_2_40 (68 rows),
// CK_FUNCTION_ROW_3_0 (24) and CK_FUNCTION_ROW_3_2 (12). One that is not defined falls back to
// CK_FUNCTION_ROW, or to nothing without that; so defining only CK_FUNCTION_ROW_2_40 takes the first section.

#ifndef CK_FUNCTION_ROW_2_40
#ifdef CK_FUNCTION_ROW
#define CK_FUNCTION_ROW_2_40 CK_FUNCTION_ROW
#else
#define CK_FUNCTION_ROW_2_40(since_major, since_minor, name, params, args)
#endif
#endif

#ifndef CK_FUNCTION_ROW_3_0
#ifdef CK_FUNCTION_ROW
#define CK_FUNCTION_ROW_3_0 CK_FUNCTION_ROW
#else
#define CK_FUNCTION_ROW_3_0(since_major, since_minor, name, params, args)
#endif
#endif

#ifndef CK_FUNCTION_ROW_3_2
#ifdef CK_FUNCTION_ROW
#define CK_FUNCTION_ROW_3_2 CK_FUNCTION_ROW
#else
#define CK_FUNCTION_ROW_3_2(since_major, since_minor, name, params, args)
#endif
#endif

// clang-format off

// ----------------------------------------------------------------------
// Version 2.40: CK_FUNCTION_LIST
// ----------------------------------------------------------------------

// General
CK_FUNCTION_ROW_2_40(2, 40, C_Initialize,
    (CK_VOID_PTR pInitArgs),
    (pInitArgs))
CK_FUNCTION_ROW_2_40(2, 40, C_Finalize,
    (CK_VOID_PTR pReserved),
    (pReserved))
CK_FUNCTION_ROW_2_40(2, 40, C_GetInfo,
    (CK_INFO_PTR pInfo),
    (pInfo))
CK_FUNCTION_ROW_2_40(2, 40, C_GetFunctionList,
    (CK_FUNCTION_LIST_PTR_PTR ppFunctionList),
    (ppFunctionList))

// Slots and tokens
CK_FUNCTION_ROW_2_40(2, 40, C_GetSlotList,
    (CK_BBOOL tokenPresent, CK_SLOT_ID_PTR pSlotList, CK_ULONG_PTR pulCount),
    (tokenPresent, pSlotList, pulCount))
CK_FUNCTION_ROW_2_40(2, 40, C_GetSlotInfo,
    (CK_SLOT_ID slotID, CK_SLOT_INFO_PTR pInfo),
    (slotID, pInfo))
CK_FUNCTION_ROW_2_40(2, 40, C_GetTokenInfo,
    (CK_SLOT_ID slotID, CK_TOKEN_INFO_PTR pInfo),
    (slotID, pInfo))
CK_FUNCTION_ROW_2_40(2, 40, C_GetMechanismList,
    (CK_SLOT_ID slotID, CK_MECHANISM_TYPE_PTR pMechanismList, CK_ULONG_PTR pulCount),
    (slotID, pMechanismList, pulCount))
CK_FUNCTION_ROW_2_40(2, 40, C_GetMechanismInfo,
    (CK_SLOT_ID slotID, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR pInfo),
    (slotID, type, pInfo))
CK_FUNCTION_ROW_2_40(2, 40, C_InitToken,
    (CK_SLOT_ID slotID, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen, CK_UTF8CHAR_PTR pLabel),
    (slotID, pPin, ulPinLen, pLabel))
CK_FUNCTION_ROW_2_40(2, 40, C_InitPIN,
    (CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen),
    (hSession, pPin, ulPinLen))
CK_FUNCTION_ROW_2_40(2, 40, C_SetPIN,
    (CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pOldPin, CK_ULONG ulOldLen, CK_UTF8CHAR_PTR pNewPin,
     CK_ULONG ulNewLen),
    (hSession, pOldPin, ulOldLen, pNewPin, ulNewLen))

// Sessions
CK_FUNCTION_ROW_2_40(2, 40, C_OpenSession,
    (CK_SLOT_ID slotID, CK_FLAGS flags, CK_VOID_PTR pApplication, CK_NOTIFY Notify,
     CK_SESSION_HANDLE_PTR phSession),
    (slotID, flags, pApplication, Notify, phSession))
CK_FUNCTION_ROW_2_40(2, 40, C_CloseSession,
    (CK_SESSION_HANDLE hSession),
    (hSession))
CK_FUNCTION_ROW_2_40(2, 40, C_CloseAllSessions,
    (CK_SLOT_ID slotID),
    (slotID))
CK_FUNCTION_ROW_2_40(2, 40, C_GetSessionInfo,
    (CK_SESSION_HANDLE hSession, CK_SESSION_INFO_PTR pInfo),
    (hSession, pInfo))
CK_FUNCTION_ROW_2_40(2, 40, C_GetOperationState,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pOperationState, CK_ULONG_PTR pulOperationStateLen),
    (hSession, pOperationState, pulOperationStateLen))
CK_FUNCTION_ROW_2_40(2, 40, C_SetOperationState,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pOperationState, CK_ULONG ulOperationStateLen,
     CK_OBJECT_HANDLE hEncryptionKey, CK_OBJECT_HANDLE hAuthenticationKey),
    (hSession, pOperationState, ulOperationStateLen, hEncryptionKey, hAuthenticationKey))
CK_FUNCTION_ROW_2_40(2, 40, C_Login,
    (CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen),
    (hSession, userType, pPin, ulPinLen))
CK_FUNCTION_ROW_2_40(2, 40, C_Logout,
    (CK_SESSION_HANDLE hSession),
    (hSession))

// Objects
CK_FUNCTION_ROW_2_40(2, 40, C_CreateObject,
    (CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount,
     CK_OBJECT_HANDLE_PTR phObject),
    (hSession, pTemplate, ulCount, phObject))
CK_FUNCTION_ROW_2_40(2, 40, C_CopyObject,
    (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount,
     CK_OBJECT_HANDLE_PTR phNewObject),
    (hSession, hObject, pTemplate, ulCount, phNewObject))
CK_FUNCTION_ROW_2_40(2, 40, C_DestroyObject,
    (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject),
    (hSession, hObject))
CK_FUNCTION_ROW_2_40(2, 40, C_GetObjectSize,
    (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ULONG_PTR pulSize),
    (hSession, hObject, pulSize))
CK_FUNCTION_ROW_2_40(2, 40, C_GetAttributeValue,
    (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount),
    (hSession, hObject, pTemplate, ulCount))
CK_FUNCTION_ROW_2_40(2, 40, C_SetAttributeValue,
    (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount),
    (hSession, hObject, pTemplate, ulCount))
CK_FUNCTION_ROW_2_40(2, 40, C_FindObjectsInit,
    (CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount),
    (hSession, pTemplate, ulCount))
CK_FUNCTION_ROW_2_40(2, 40, C_FindObjects,
    (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE_PTR phObject, CK_ULONG ulMaxObjectCount,
     CK_ULONG_PTR pulObjectCount),
    (hSession, phObject, ulMaxObjectCount, pulObjectCount))
CK_FUNCTION_ROW_2_40(2, 40, C_FindObjectsFinal,
    (CK_SESSION_HANDLE hSession),
    (hSession))

// Encryption
CK_FUNCTION_ROW_2_40(2, 40, C_EncryptInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_2_40(2, 40, C_Encrypt,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pEncryptedData,
     CK_ULONG_PTR pulEncryptedDataLen),
    (hSession, pData, ulDataLen, pEncryptedData, pulEncryptedDataLen))
CK_FUNCTION_ROW_2_40(2, 40, C_EncryptUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen, CK_BYTE_PTR pEncryptedPart,
     CK_ULONG_PTR pulEncryptedPartLen),
    (hSession, pPart, ulPartLen, pEncryptedPart, pulEncryptedPartLen))
CK_FUNCTION_ROW_2_40(2, 40, C_EncryptFinal,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pLastEncryptedPart, CK_ULONG_PTR pulLastEncryptedPartLen),
    (hSession, pLastEncryptedPart, pulLastEncryptedPartLen))

// Decryption
CK_FUNCTION_ROW_2_40(2, 40, C_DecryptInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_2_40(2, 40, C_Decrypt,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedData, CK_ULONG ulEncryptedDataLen,
     CK_BYTE_PTR pData, CK_ULONG_PTR pulDataLen),
    (hSession, pEncryptedData, ulEncryptedDataLen, pData, pulDataLen))
CK_FUNCTION_ROW_2_40(2, 40, C_DecryptUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart, CK_ULONG ulEncryptedPartLen,
     CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen),
    (hSession, pEncryptedPart, ulEncryptedPartLen, pPart, pulPartLen))
CK_FUNCTION_ROW_2_40(2, 40, C_DecryptFinal,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pLastPart, CK_ULONG_PTR pulLastPartLen),
    (hSession, pLastPart, pulLastPartLen))

// Digests
CK_FUNCTION_ROW_2_40(2, 40, C_DigestInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism),
    (hSession, pMechanism))
CK_FUNCTION_ROW_2_40(2, 40, C_Digest,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pDigest,
     CK_ULONG_PTR pulDigestLen),
    (hSession, pData, ulDataLen, pDigest, pulDigestLen))
CK_FUNCTION_ROW_2_40(2, 40, C_DigestUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen),
    (hSession, pPart, ulPartLen))
CK_FUNCTION_ROW_2_40(2, 40, C_DigestKey,
    (CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hKey),
    (hSession, hKey))
CK_FUNCTION_ROW_2_40(2, 40, C_DigestFinal,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pDigest, CK_ULONG_PTR pulDigestLen),
    (hSession, pDigest, pulDigestLen))

// Signatures
CK_FUNCTION_ROW_2_40(2, 40, C_SignInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_2_40(2, 40, C_Sign,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
     CK_ULONG_PTR pulSignatureLen),
    (hSession, pData, ulDataLen, pSignature, pulSignatureLen))
CK_FUNCTION_ROW_2_40(2, 40, C_SignUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen),
    (hSession, pPart, ulPartLen))
CK_FUNCTION_ROW_2_40(2, 40, C_SignFinal,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen),
    (hSession, pSignature, pulSignatureLen))
CK_FUNCTION_ROW_2_40(2, 40, C_SignRecoverInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_2_40(2, 40, C_SignRecover,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
     CK_ULONG_PTR pulSignatureLen),
    (hSession, pData, ulDataLen, pSignature, pulSignatureLen))

// Verification
CK_FUNCTION_ROW_2_40(2, 40, C_VerifyInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_2_40(2, 40, C_Verify,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
     CK_ULONG ulSignatureLen),
    (hSession, pData, ulDataLen, pSignature, ulSignatureLen))
CK_FUNCTION_ROW_2_40(2, 40, C_VerifyUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen),
    (hSession, pPart, ulPartLen))
CK_FUNCTION_ROW_2_40(2, 40, C_VerifyFinal,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen),
    (hSession, pSignature, ulSignatureLen))
CK_FUNCTION_ROW_2_40(2, 40, C_VerifyRecoverInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_2_40(2, 40, C_VerifyRecover,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen, CK_BYTE_PTR pData,
     CK_ULONG_PTR pulDataLen),
    (hSession, pSignature, ulSignatureLen, pData, pulDataLen))

// Two operations at once
CK_FUNCTION_ROW_2_40(2, 40, C_DigestEncryptUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen, CK_BYTE_PTR pEncryptedPart,
     CK_ULONG_PTR pulEncryptedPartLen),
    (hSession, pPart, ulPartLen, pEncryptedPart, pulEncryptedPartLen))
CK_FUNCTION_ROW_2_40(2, 40, C_DecryptDigestUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart, CK_ULONG ulEncryptedPartLen,
     CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen),
    (hSession, pEncryptedPart, ulEncryptedPartLen, pPart, pulPartLen))
CK_FUNCTION_ROW_2_40(2, 40, C_SignEncryptUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen, CK_BYTE_PTR pEncryptedPart,
     CK_ULONG_PTR pulEncryptedPartLen),
    (hSession, pPart, ulPartLen, pEncryptedPart, pulEncryptedPartLen))
CK_FUNCTION_ROW_2_40(2, 40, C_DecryptVerifyUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart, CK_ULONG ulEncryptedPartLen,
     CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen),
    (hSession, pEncryptedPart, ulEncryptedPartLen, pPart, pulPartLen))

// Keys
CK_FUNCTION_ROW_2_40(2, 40, C_GenerateKey,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount,
     CK_OBJECT_HANDLE_PTR phKey),
    (hSession, pMechanism, pTemplate, ulCount, phKey))
CK_FUNCTION_ROW_2_40(2, 40, C_GenerateKeyPair,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_ATTRIBUTE_PTR pPublicKeyTemplate,
     CK_ULONG ulPublicKeyAttributeCount, CK_ATTRIBUTE_PTR pPrivateKeyTemplate,
     CK_ULONG ulPrivateKeyAttributeCount, CK_OBJECT_HANDLE_PTR phPublicKey,
     CK_OBJECT_HANDLE_PTR phPrivateKey),
    (hSession, pMechanism, pPublicKeyTemplate, ulPublicKeyAttributeCount, pPrivateKeyTemplate,
     ulPrivateKeyAttributeCount, phPublicKey, phPrivateKey))
CK_FUNCTION_ROW_2_40(2, 40, C_WrapKey,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hWrappingKey,
     CK_OBJECT_HANDLE hKey, CK_BYTE_PTR pWrappedKey, CK_ULONG_PTR pulWrappedKeyLen),
    (hSession, pMechanism, hWrappingKey, hKey, pWrappedKey, pulWrappedKeyLen))
CK_FUNCTION_ROW_2_40(2, 40, C_UnwrapKey,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hUnwrappingKey,
     CK_BYTE_PTR pWrappedKey, CK_ULONG ulWrappedKeyLen, CK_ATTRIBUTE_PTR pTemplate,
     CK_ULONG ulAttributeCount, CK_OBJECT_HANDLE_PTR phKey),
    (hSession, pMechanism, hUnwrappingKey, pWrappedKey, ulWrappedKeyLen, pTemplate, ulAttributeCount, phKey))
CK_FUNCTION_ROW_2_40(2, 40, C_DeriveKey,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hBaseKey,
     CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount, CK_OBJECT_HANDLE_PTR phKey),
    (hSession, pMechanism, hBaseKey, pTemplate, ulAttributeCount, phKey))

// Random numbers
CK_FUNCTION_ROW_2_40(2, 40, C_SeedRandom,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSeed, CK_ULONG ulSeedLen),
    (hSession, pSeed, ulSeedLen))
CK_FUNCTION_ROW_2_40(2, 40, C_GenerateRandom,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR RandomData, CK_ULONG ulRandomLen),
    (hSession, RandomData, ulRandomLen))

// Parallel functions (legacy)
CK_FUNCTION_ROW_2_40(2, 40, C_GetFunctionStatus,
    (CK_SESSION_HANDLE hSession),
    (hSession))
CK_FUNCTION_ROW_2_40(2, 40, C_CancelFunction,
    (CK_SESSION_HANDLE hSession),
    (hSession))

// Slot events
CK_FUNCTION_ROW_2_40(2, 40, C_WaitForSlotEvent,
    (CK_FLAGS flags, CK_SLOT_ID_PTR pSlot, CK_VOID_PTR pRserved),
    (flags, pSlot, pRserved))

// ----------------------------------------------------------------------
// Version 3.0: CK_FUNCTION_LIST_3_0 has these too
// ----------------------------------------------------------------------

// Interfaces
CK_FUNCTION_ROW_3_0(3, 0, C_GetInterfaceList,
    (CK_INTERFACE_PTR pInterfacesList, CK_ULONG_PTR pulCount),
    (pInterfacesList, pulCount))
CK_FUNCTION_ROW_3_0(3, 0, C_GetInterface,
    (CK_UTF8CHAR_PTR pInterfaceName, CK_VERSION_PTR pVersion, CK_INTERFACE_PTR_PTR ppInterface,
     CK_FLAGS flags),
    (pInterfaceName, pVersion, ppInterface, flags))

// Sessions
CK_FUNCTION_ROW_3_0(3, 0, C_LoginUser,
    (CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen,
     CK_UTF8CHAR_PTR pUsername, CK_ULONG ulUsernameLen),
    (hSession, userType, pPin, ulPinLen, pUsername, ulUsernameLen))
CK_FUNCTION_ROW_3_0(3, 0, C_SessionCancel,
    (CK_SESSION_HANDLE hSession, CK_FLAGS flags),
    (hSession, flags))

// Messages: encryption
CK_FUNCTION_ROW_3_0(3, 0, C_MessageEncryptInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_3_0(3, 0, C_EncryptMessage,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
     CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen, CK_BYTE_PTR pPlaintext,
     CK_ULONG ulPlaintextLen, CK_BYTE_PTR pCiphertext, CK_ULONG_PTR pulCiphertextLen),
    (hSession, pParameter, ulParameterLen, pAssociatedData, ulAssociatedDataLen, pPlaintext,
     ulPlaintextLen, pCiphertext, pulCiphertextLen))
CK_FUNCTION_ROW_3_0(3, 0, C_EncryptMessageBegin,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
     CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen),
    (hSession, pParameter, ulParameterLen, pAssociatedData, ulAssociatedDataLen))
CK_FUNCTION_ROW_3_0(3, 0, C_EncryptMessageNext,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
     CK_BYTE_PTR pPlaintextPart, CK_ULONG ulPlaintextPartLen, CK_BYTE_PTR pCiphertextPart,
     CK_ULONG_PTR pulCiphertextPartLen, CK_FLAGS flags),
    (hSession, pParameter, ulParameterLen, pPlaintextPart, ulPlaintextPartLen, pCiphertextPart,
     pulCiphertextPartLen, flags))
CK_FUNCTION_ROW_3_0(3, 0, C_MessageEncryptFinal,
    (CK_SESSION_HANDLE hSession),
    (hSession))

// Messages: decryption
CK_FUNCTION_ROW_3_0(3, 0, C_MessageDecryptInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_3_0(3, 0, C_DecryptMessage,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
     CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen, CK_BYTE_PTR pCiphertext,
     CK_ULONG ulCiphertextLen, CK_BYTE_PTR pPlaintext, CK_ULONG_PTR pulPlaintextLen),
    (hSession, pParameter, ulParameterLen, pAssociatedData, ulAssociatedDataLen, pCiphertext,
     ulCiphertextLen, pPlaintext, pulPlaintextLen))
CK_FUNCTION_ROW_3_0(3, 0, C_DecryptMessageBegin,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
     CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen),
    (hSession, pParameter, ulParameterLen, pAssociatedData, ulAssociatedDataLen))
CK_FUNCTION_ROW_3_0(3, 0, C_DecryptMessageNext,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
     CK_BYTE_PTR pCiphertextPart, CK_ULONG ulCiphertextPartLen, CK_BYTE_PTR pPlaintextPart,
     CK_ULONG_PTR pulPlaintextPartLen, CK_FLAGS flags),
    (hSession, pParameter, ulParameterLen, pCiphertextPart, ulCiphertextPartLen, pPlaintextPart,
     pulPlaintextPartLen, flags))
CK_FUNCTION_ROW_3_0(3, 0, C_MessageDecryptFinal,
    (CK_SESSION_HANDLE hSession),
    (hSession))

// Messages: signatures
CK_FUNCTION_ROW_3_0(3, 0, C_MessageSignInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_3_0(3, 0, C_SignMessage,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, CK_BYTE_PTR pData,
     CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen),
    (hSession, pParameter, ulParameterLen, pData, ulDataLen, pSignature, pulSignatureLen))
CK_FUNCTION_ROW_3_0(3, 0, C_SignMessageBegin,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen),
    (hSession, pParameter, ulParameterLen))
CK_FUNCTION_ROW_3_0(3, 0, C_SignMessageNext,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, CK_BYTE_PTR pData,
     CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen),
    (hSession, pParameter, ulParameterLen, pData, ulDataLen, pSignature, pulSignatureLen))
CK_FUNCTION_ROW_3_0(3, 0, C_MessageSignFinal,
    (CK_SESSION_HANDLE hSession),
    (hSession))

// Messages: verification
CK_FUNCTION_ROW_3_0(3, 0, C_MessageVerifyInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey),
    (hSession, pMechanism, hKey))
CK_FUNCTION_ROW_3_0(3, 0, C_VerifyMessage,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, CK_BYTE_PTR pData,
     CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen),
    (hSession, pParameter, ulParameterLen, pData, ulDataLen, pSignature, ulSignatureLen))
CK_FUNCTION_ROW_3_0(3, 0, C_VerifyMessageBegin,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen),
    (hSession, pParameter, ulParameterLen))
CK_FUNCTION_ROW_3_0(3, 0, C_VerifyMessageNext,
    (CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen, CK_BYTE_PTR pData,
     CK_ULONG ulDataLen, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen),
    (hSession, pParameter, ulParameterLen, pData, ulDataLen, pSignature, ulSignatureLen))
CK_FUNCTION_ROW_3_0(3, 0, C_MessageVerifyFinal,
    (CK_SESSION_HANDLE hSession),
    (hSession))

// ----------------------------------------------------------------------
// Version 3.2: CK_FUNCTION_LIST_3_2 has these too
// ----------------------------------------------------------------------

// Key encapsulation
CK_FUNCTION_ROW_3_2(3, 2, C_EncapsulateKey,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hPublicKey,
     CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount, CK_BYTE_PTR pCiphertext,
     CK_ULONG_PTR pulCiphertextLen, CK_OBJECT_HANDLE_PTR phKey),
    (hSession, pMechanism, hPublicKey, pTemplate, ulAttributeCount, pCiphertext, pulCiphertextLen, phKey))
CK_FUNCTION_ROW_3_2(3, 2, C_DecapsulateKey,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hPrivateKey,
     CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount, CK_BYTE_PTR pCiphertext,
     CK_ULONG ulCiphertextLen, CK_OBJECT_HANDLE_PTR phKey),
    (hSession, pMechanism, hPrivateKey, pTemplate, ulAttributeCount, pCiphertext, ulCiphertextLen, phKey))

// Verification with the signature given first
CK_FUNCTION_ROW_3_2(3, 2, C_VerifySignatureInit,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey,
     CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen),
    (hSession, pMechanism, hKey, pSignature, ulSignatureLen))
CK_FUNCTION_ROW_3_2(3, 2, C_VerifySignature,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen),
    (hSession, pData, ulDataLen))
CK_FUNCTION_ROW_3_2(3, 2, C_VerifySignatureUpdate,
    (CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen),
    (hSession, pPart, ulPartLen))
CK_FUNCTION_ROW_3_2(3, 2, C_VerifySignatureFinal,
    (CK_SESSION_HANDLE hSession),
    (hSession))

// Validation
CK_FUNCTION_ROW_3_2(3, 2, C_GetSessionValidationFlags,
    (CK_SESSION_HANDLE hSession, CK_SESSION_VALIDATION_FLAGS_TYPE type, CK_FLAGS_PTR pFlags),
    (hSession, type, pFlags))

// Asynchronous operations
CK_FUNCTION_ROW_3_2(3, 2, C_AsyncComplete,
    (CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pFunctionName, CK_ASYNC_DATA_PTR pResult),
    (hSession, pFunctionName, pResult))
CK_FUNCTION_ROW_3_2(3, 2, C_AsyncGetID,
    (CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pFunctionName, CK_ULONG_PTR pulID),
    (hSession, pFunctionName, pulID))
CK_FUNCTION_ROW_3_2(3, 2, C_AsyncJoin,
    (CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pFunctionName, CK_ULONG ulID, CK_BYTE_PTR pData,
     CK_ULONG ulData),
    (hSession, pFunctionName, ulID, pData, ulData))

// Authenticated key wrapping
CK_FUNCTION_ROW_3_2(3, 2, C_WrapKeyAuthenticated,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hWrappingKey,
     CK_OBJECT_HANDLE hKey, CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen,
     CK_BYTE_PTR pWrappedKey, CK_ULONG_PTR pulWrappedKeyLen),
    (hSession, pMechanism, hWrappingKey, hKey, pAssociatedData, ulAssociatedDataLen, pWrappedKey,
     pulWrappedKeyLen))
CK_FUNCTION_ROW_3_2(3, 2, C_UnwrapKeyAuthenticated,
    (CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hUnwrappingKey,
     CK_BYTE_PTR pWrappedKey, CK_ULONG ulWrappedKeyLen, CK_ATTRIBUTE_PTR pTemplate,
     CK_ULONG ulAttributeCount, CK_BYTE_PTR pAssociatedData, CK_ULONG ulAssociatedDataLen,
     CK_OBJECT_HANDLE_PTR phKey),
    (hSession, pMechanism, hUnwrappingKey, pWrappedKey, ulWrappedKeyLen, pTemplate, ulAttributeCount,
     pAssociatedData, ulAssociatedDataLen, phKey))

// clang-format on

#undef CK_FUNCTION_ROW_2_40
#undef CK_FUNCTION_ROW_3_0
#undef CK_FUNCTION_ROW_3_2
#undef CK_FUNCTION_ROW
