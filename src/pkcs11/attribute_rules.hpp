// Which attributes an application may give when it makes an object, copies it or changes it (PKCS#11 3.2,
// 4.1.1 to 4.1.3).
#pragma once

#include "pkcs11/attributes.hpp"

namespace jeton::pkcs11 {

/// Making is how an object comes into being; some attributes are the module's to decide.
enum class Making { create, generate };

/// check_template: ATTRIBUTE_TYPE_INVALID for an attribute that this class of object does not have,
/// ATTRIBUTE_READ_ONLY for one that the module decides, ATTRIBUTE_VALUE_INVALID for a value of the wrong
/// length, TEMPLATE_INCONSISTENT for one given twice with different values.
void check_template(const Template& given, CK_OBJECT_CLASS object_class, Making making);

/// Change is what happens to an object that is there: C_SetAttributeValue, or C_CopyObject with a template.
enum class Change { set, copy };

/// check_changes: as check_template, and ATTRIBUTE_READ_ONLY for what may not change, or not in this
/// direction. |is_so|: the security officer is logged in, who alone says what is trusted.
void check_changes(const Template& given, const Attributes& present, Change change, bool is_so);

/// apply_changes takes over what check_changes let pass.
void apply_changes(Attributes& attributes, const Template& given);

/// required gives a value that must be in the template; TEMPLATE_INCOMPLETE.
View required(const Template& given, CK_ATTRIBUTE_TYPE type);
CK_ULONG required_number(const Template& given, CK_ATTRIBUTE_TYPE type);

/// require_value: TEMPLATE_INCONSISTENT when the template has |type| with another value.
void require_value(const Template& given, CK_ATTRIBUTE_TYPE type, CK_ULONG value);

}  // namespace jeton::pkcs11
