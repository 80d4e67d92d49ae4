#include "softcard/pin_json.hpp"

#include <algorithm>

namespace jeton::softcard {

Json pin_json(const Pin& pin) {
    return {{"salt", to_hex(pin.wrapped.salt)},       {"iterations", pin.wrapped.iterations},
            {"sealing_key", to_hex(pin.wrapped.box)}, {"tries", pin.tries},
            {"most_tries", pin.most_tries},           {"factory_value", pin.is_factory_value}};
}

Pin read_pin(const Node& node) {
    node.only({"salt", "iterations", "sealing_key", "tries", "most_tries", "factory_value"});
    Pin pin;
    const SecretBytes salt = node.member("salt").hex(salt_bytes, salt_bytes);
    std::copy(salt.begin(), salt.end(), pin.wrapped.salt.begin());
    pin.wrapped.iterations = node.member("iterations").number(1, most_iterations);
    pin.wrapped.box = to_bytes(node.member("sealing_key").hex(Wrapped::box_bytes, Wrapped::box_bytes));
    pin.most_tries = node.member("most_tries").number(1, largest_tries);
    pin.tries = node.member("tries").number(0, pin.most_tries);
    pin.is_factory_value = node.member("factory_value").boolean();
    return pin;
}

}  // namespace jeton::softcard
