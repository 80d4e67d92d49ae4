#include "softcard/openpgp_state.hpp"

#include <utility>

namespace jeton::softcard::openpgp {

namespace {

/// What a sealed key is bound to: its place, where it comes from, and its public half.
Bytes sealed_with_key(std::size_t place, const Key& key) {
    Bytes context = to_bytes(view_of("OpenPGP key"));
    context.push_back(static_cast<Byte>(place));
    context.push_back(key.origin);
    append(context, crypto::spki(key.public_key));
    return context;
}

View sealed_with_aes_key() {
    return view_of("OpenPGP AES key");
}

State new_state(std::string_view user_password, std::string_view admin_password, unsigned iterations) {
    State state;
    const SealingKey sealing_key = SealingKey::generate();
    state.sealing_key = sealing_key.public_key();
    for (const auto& [reference, value] :
         {std::pair(pw1_signature, user_password), std::pair(pw3, admin_password)}) {
        state.passwords.emplace(reference, make_password(sealing_key, reference, view_of(value), iterations));
    }
    return state;
}

}  // namespace

View State::object(std::uint32_t tag) const {
    const auto found = objects.find(tag);
    return found == objects.end() ? find_object_rule(tag)->initial : View(found->second);
}

KeyAlgorithm State::algorithm(std::size_t key) const {
    return read_attributes(key, object(static_cast<std::uint32_t>(tag::attributes + key))).value();
}

Password make_password(const SealingKey& key, Byte reference, View value, unsigned iterations) {
    const std::string_view factory = reference == pw1_signature ? factory_pw1 : factory_pw3;
    const bool is_factory_value = reference != resetting_code && equal_secret(value, view_of(factory));
    return {{key.wrap(reference, value, iterations), standard_tries, standard_tries, is_factory_value},
            value.size()};
}

Key make_key(View sealing_key, std::size_t place, Byte origin, const crypto::PrivateKey& private_key) {
    Key key{origin, private_key.public_key(), {}};
    key.box = seal(sealing_key, private_key.to_der(), sealed_with_key(place, key));
    return key;
}

std::shared_ptr<const crypto::PrivateKey> open_key(const SealingKey& sealing_key, std::size_t place,
                                                   const Key& key) {
    const auto der = sealing_key.open(key.box, sealed_with_key(place, key));
    auto private_key = der ? crypto::PrivateKey::from_der(*der) : std::nullopt;
    if (!private_key || private_key->public_key() != key.public_key) {
        return nullptr;
    }
    return std::make_shared<const crypto::PrivateKey>(std::move(*private_key));
}

Bytes seal_aes_key(View sealing_key, View aes_key) {
    return seal(sealing_key, aes_key, sealed_with_aes_key());
}

std::optional<SecretBytes> open_aes_key(const SealingKey& sealing_key, View box) {
    return sealing_key.open(box, sealed_with_aes_key());
}

State make_state(const CreateOptions& options) {
    return new_state(options.pin, options.admin_pin, options.pin_iterations);
}

State factory_state(const State& before) {
    return new_state(factory_pw1, factory_pw3, before.passwords.at(pw3).pin.wrapped.iterations);
}

}  // namespace jeton::softcard::openpgp
