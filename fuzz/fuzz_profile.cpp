// Profile files: whatever stands in them, loading ends, reads nothing outside, and leaves the built-in
// profiles in force. Up to four files stand in one input, separated by zero bytes; the first is the admin's,
// the others are the user's.
#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "card/profile_assembly.hpp"
#include "card/profile_variants.hpp"

using namespace jeton::card;

namespace {

/// A small profile to extend and patch; reading the shipped ones would take most of the time.
constexpr const char* base = R"({
  "schemaVersion": "1.0", "id": "piv", "applet": "piv", "match": [ { "aid": "A000000308" } ],
  "select": { "aid": "A000000308" }, "token": { "label": "{certCN}|PIV_II", "serial": { "from": "chuid" } },
  "pins": { "user": { "role": "user", "ref": "80", "minLength": 6, "maxLength": 8, "pad": { "byte": "FF", "length": 8 },
                      "cache": { "policy": "session" } } },
  "keys": [ { "id": "9a", "ref": "9A", "pkcs11Id": "01", "pin": "user", "certificate": "cert-9a" },
            { "id": "9c", "ref": "9C", "pkcs11Id": "02", "pin": "user", "alwaysAuthenticate": true, "presence": "metadata" } ],
  "objects": [ { "id": "cert-9a", "class": "certificate", "ref": "5FC105", "pkcs11Id": "01", "container": "piv-cert" },
               { "id": "iris", "class": "data", "ref": "5FC121", "oid": "2.16.840.1.101.3.7.2.16.21", "readPin": "user" } ],
  "algorithms": { "rsa1024": { "id": "06" } }, "policy": { "locked": ["/pins/user/cache", "/keys/9c"] } })";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<ProfileSource> sources{{"base", base, true}};
    const std::string text(reinterpret_cast<const char*>(data), size);
    for (std::size_t at = 0; at <= text.size() && sources.size() < 5;) {
        const std::size_t end = std::min(text.find('\0', at), text.size());
        sources.push_back({"input", text.substr(at, end - at), sources.size() == 1});
        at = end + 1;
    }
    const Assembled result = assemble_profiles(sources);
    for (const ProfileProblem& problem : result.problems) {
        if (problem.text().empty() || problem.file != "input") {
            std::abort();
        }
    }
    for (const auto& profile : result.profiles) {
        std::vector<std::size_t> all(profile->variants.size());
        std::iota(all.begin(), all.end(), 0U);
        if (with_variants(profile, all)->id != profile->id) {
            std::abort();
        }
        for (const auto* const rules : {&profile->match, &profile->variants}) {
            for (const MatchRule& rule : *rules) {
                if (rule.version.any() && !rule.version.contains(Version{{5, 4, 3}})) {
                    std::abort();
                }
                (void)rule.version.contains(Version{{1, 2}});
            }
        }
        for (const KeySlot& key : profile->keys) {
            const bool sound = (!key.pin || *key.pin < profile->pins.size()) &&
                               (!key.certificate || *key.certificate < profile->objects.size());
            if (!sound) {
                std::abort();
            }
        }
    }
    return 0;
}
