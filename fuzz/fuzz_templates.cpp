// The templates of an application that brings or makes a key: rules, numbers, policies.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/key_material.hpp"

namespace {

using namespace jeton;

/// The attributes by the byte that stands for them in the input.
constexpr std::array types{
    CKA_CLASS,       CKA_TOKEN,        CKA_PRIVATE,         CKA_LABEL,
    CKA_ID,          CKA_KEY_TYPE,     CKA_SENSITIVE,       CKA_EXTRACTABLE,
    CKA_MODULUS,     CKA_MODULUS_BITS, CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT,
    CKA_PRIME_1,     CKA_PRIME_2,      CKA_EXPONENT_1,      CKA_EXPONENT_2,
    CKA_COEFFICIENT, CKA_EC_PARAMS,    CKA_EC_POINT,        CKA_VALUE,
    CKA_VALUE_LEN,   CKA_START_DATE,   CKA_COPYABLE,
};
constexpr std::array<CK_KEY_TYPE, 5> key_types{CKK_RSA, CKK_EC, CKK_EC_EDWARDS, CKK_EC_MONTGOMERY, CKK_AES};
constexpr std::array<CK_OBJECT_CLASS, 4> classes{CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_DATA};

void require_fact(bool fact) {
    if (!fact) {
        std::abort();
    }
}

/// attempt runs |work|, which may refuse as the module does, and in no other way.
template <typename Work>
void attempt(Work&& work) {
    try {
        work();
    } catch (const pkcs11::Error& error) {
        require_fact(error.rv() != CKR_OK);
    }
}

/// check_round_trip: the attributes of a key are a template of the same key.
void check_round_trip(const crypto::PublicKey& key) {
    pkcs11::Attributes attributes;
    pkcs11::add_public_values(attributes, key, true);
    std::vector<CK_ATTRIBUTE> items;
    for (const CK_ATTRIBUTE_TYPE type : {CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT}) {
        if (const auto value = attributes.find(type)) {
            items.push_back({type, const_cast<Byte*>(value->data()), value->size()});
        }
    }
    const pkcs11::Template again(items.data(), items.size());
    require_fact(pkcs11::public_key_in(again, pkcs11::kind_of(key).type) == key);
}

/// One attribute in the input: its number in |types|, the length of the value (little-endian, 2 bytes), the
/// value.
std::vector<CK_ATTRIBUTE> read_items(View input) {
    std::vector<CK_ATTRIBUTE> items;
    while (input.size() >= 3) {
        const std::size_t length = std::min<std::size_t>(load_le(input.subspan(1, 2)), input.size() - 3);
        items.push_back({types[input[0] % types.size()], const_cast<Byte*>(input.data() + 3), length});
        input = input.subspan(3 + length);
    }
    return items;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const CK_KEY_TYPE type = key_types[data[0] % key_types.size()];
    const CK_OBJECT_CLASS object_class = classes[data[1] % classes.size()];
    const auto items = read_items(View(data, size).subspan(2));
    attempt([&] {
        const pkcs11::Template given(items.data(), items.size());
        for (const pkcs11::Making making : {pkcs11::Making::create, pkcs11::Making::generate}) {
            attempt([&] { pkcs11::check_template(given, object_class, making); });
        }
        attempt([&] {
            pkcs11::Attributes present;
            present.set_ulong(CKA_CLASS, object_class);
            pkcs11::check_changes(given, present, pkcs11::Change::copy, false);
            pkcs11::apply_changes(present, given);
        });
        attempt([&] { pkcs11::asked_type(given, type); });
        attempt([&] { check_round_trip(pkcs11::public_key_in(given, type)); });
        attempt([&] {
            const auto key = crypto::PrivateKey::from_parts(pkcs11::private_key_in(given, type).parts);
            require_fact(key.has_value());
        });
    });
    return 0;
}
