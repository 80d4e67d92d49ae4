// The rules of strings in profiles. Each stands twice, as code and as a regular expression for the JSON
// Schema; the tests run the same cases through both.
#pragma once

#include "card/profile_vocabulary.hpp"

namespace jeton::card::vocabulary::text_forms {

extern const TextForm plain;           ///< anything without control characters
extern const TextForm identifier;      ///< a name for references
extern const TextForm version;         ///< schemaVersion
extern const TextForm oid;             ///< an object identifier
extern const TextForm pointer;         ///< a JSON pointer, not to the whole document
extern const TextForm label_template;  ///< token.label
extern const TextForm
    mechanism_name;  ///< the key of a mechanism; which ones there are, only the layer above knows
extern const TextForm constant_name;   ///< the key of a constant
extern const TextForm command_byte;    ///< a byte of a command template, or what fills it in
extern const TextForm command_bytes;   ///< bytes of a command template, or a constant
extern const TextForm operand;         ///< bytes of a command template, or what fills them in
extern const TextForm version_range;   ///< a VersionRange
extern const TextForm return_name;     ///< a return value of PKCS#11 that tells of a failure
extern const TextForm status_pattern;  ///< a status word, with x for any digit

}  // namespace jeton::card::vocabulary::text_forms
