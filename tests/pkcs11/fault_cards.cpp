#include "pkcs11/fault_cards.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <fstream>
#include <map>

#include "softcard/store.hpp"
#include "util/files.hpp"

namespace jeton::test {

namespace fs = std::filesystem;

namespace {

constexpr const char* management_key = "000102030405060708090A0B0C0D0E0F";
constexpr const char* hsm_officer = "3132333435363738";  // the bytes of SoftCards::puk

// To add a kind of card: a row here, and how it tells its counters below.
const FaultKind kinds[] = {
    {.name = "PIV",
     .applet = "piv",
     .mask = piv_faults,
     .templates = {{"card", {{2, false}, {3, true}, {1, false}}},
                   {"managed", {{2, false}, {3, true}, {1, false}}, management_key}},
     .signer = 1,
     .decrypter = 3,
     .deriver = 1,
     .each_time = 2,
     .free_place = 4,
     .certificate_place = 4,
     .certificate_has_key = false,
     .maker = CKU_USER,
     .maker_secret = SoftCards::pin,
     .officer = management_key,
     .unblocker = SoftCards::puk,
     .data_label = "Security Object",
     .data_are_private = false,
     .full = {3, 3}},
    {.name = "OpenPGP",
     .applet = "openpgp",
     .mask = openpgp_faults,
     .templates = {{"card", {{2, true}, {3, false}}},
                   {"agreeing", {{2, false}, {3, false}}},
                   {"signing", {{1, false}, {3, false}}}},
     .signer = 3,
     .decrypter = 2,
     .deriver = 2,
     .each_time = 1,
     .free_place = 1,
     .certificate_place = 2,
     .certificate_has_key = true,
     .maker = CKU_SO,
     .maker_secret = SoftCards::puk,
     .officer = SoftCards::puk,
     .unblocker = SoftCards::puk,
     .data_label = "PrivDO1",
     .data_are_private = false,
     .full = {3, 3}},
    {.name = "SC-HSM",
     .applet = "sc-hsm",
     .mask = hsm_faults,
     .templates = {{"card", {{0x31, true}, {0x11, false}}}},
     .signer = 0x11,
     .decrypter = 0x31,
     .deriver = 0x11,
     .each_time = 0,
     .free_place = 0x41,
     .certificate_place = 0x31,
     .certificate_has_key = true,
     .maker = CKU_USER,
     .maker_secret = SoftCards::pin,
     .officer = hsm_officer,
     .unblocker = hsm_officer,
     .data_label = "A note",
     .data_are_private = true,
     .full = {3, 15}},
};

int last_digit(View answer) {
    return answer.size() == 2 && answer[0] == 0x63 ? answer[1] & 0x0F : to_hex(answer) == "6983" ? 0 : -1;
}

Counters ask_counters(const fs::path& card, const FaultKind& kind) {
    const auto contacts = softcard::insert(card);
    contacts->power_on();
    const auto send = [&](const char* command) { return contacts->transmit(from_hex(command).value()); };
    if (kind.mask == openpgp_faults) {
        send("00A4040006D2760001240100");
        const auto status = send("00CA00C400");  // 7 bytes, the last are the counters, and the status word
        return status.size() == 9 ? Counters{status[4], status[6]} : Counters{};
    }
    if (kind.mask == hsm_faults) {
        send("00A404000BE82B0601040181C31F0201");
        return {last_digit(send("00200081")), last_digit(send("00200088"))};
    }
    send("00A4040005A000000308");
    Counters counters{.pin = last_digit(send("00200080"))};
    const auto puk = send("00F7008100");  // ends with 06 02 most left, and the status word
    if (puk.size() > 6 && puk[puk.size() - 6] == 0x06) {
        counters.puk = puk[puk.size() - 3];
    }
    return counters;
}

}  // namespace

void require_that(bool condition, const std::string& what) {
    if (!condition) {
        throw std::runtime_error(what);
    }
}

void require_ok(CK_RV rv, const std::string& what) {
    require_that(rv == CKR_OK, fmt::format("{}: CKR {:#x}", what, rv));
}

const FaultKind::Template& FaultKind::find_template(std::string_view wanted) const {
    const auto found = std::ranges::find(templates, wanted, &Template::name);
    return found == templates.end() ? templates.front() : *found;
}

std::span<const FaultKind> fault_kinds() {
    return kinds;
}

std::string kind_name(const testing::TestParamInfo<FaultKind>& kind) {
    std::string name = kind.param.name;
    std::erase(name, '-');
    return name;
}

void PrintTo(const FaultKind& kind, std::ostream* out) {
    *out << kind.name;
}

CardTemplates::CardTemplates(const FaultKind& kind) : m_kind(kind) {
    softcard::create(m_scratch / "away", {.name = "other",
                                          .applets = {kind.applet},
                                          .pin = other_pin,
                                          .puk = other_puk,
                                          .admin_pin = other_puk,
                                          .management_key = {},
                                          .pin_iterations = 10});
    setenv("JETON_STATE_DIR", m_scratch.path().c_str(), 1);
    std::ofstream(m_scratch / "none") << R"({"readers": {"access": "none"}})";
    setenv("JETON_CONFIG", (m_scratch / "none").c_str(), 1);
    for (const FaultKind::Template& wanted : kind.templates) {
        softcard::create(m_scratch / "away", {.name = wanted.name,
                                              .applets = {kind.applet},
                                              .management_key = *from_hex(wanted.management_key),
                                              .pin_iterations = 10});
        const fs::path here = m_scratch / (std::string(wanted.name) + ".softcard");
        fs::rename(file(wanted.name), here);
        fill(wanted);
        fs::rename(here, file(wanted.name));
    }
}

/// fill makes the keys and the certificate of a template.
void CardTemplates::fill(const FaultKind::Template& wanted) const {
    const Client client;
    const bool managed = *wanted.management_key != '\0';
    EXPECT_EQ(
        managed ? client.login(management_key, CKU_SO) : client.login(m_kind.maker_secret, m_kind.maker),
        CKR_OK);
    for (const FaultKind::Key& key : wanted.keys) {
        const auto pair =
            key.is_rsa ? client.generate_rsa(key.id) : client.generate_ec(key.id, p256_params());
        if (key.id == m_kind.signer) {
            const Bytes certificate =
                self_signed(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO), "Signer");
            CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
            EXPECT_EQ(client.create({number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true),
                                     bytes(CKA_ID, View(&key.id, 1)), bytes(CKA_VALUE, certificate)},
                                    handle),
                      CKR_OK);
        }
    }
}

fs::path CardTemplates::file(const std::string& name) const {
    return m_scratch / "away" / (name + ".softcard");
}

Counters read_counters(const fs::path& card, const FaultKind& kind) {
    static std::map<SecretBytes, Counters> known;  // by the whole content: most files are looked at often
    const auto content = read_file(card, 1 << 20);
    if (!content) {
        return {};
    }
    if (const auto found = known.find(*content); found != known.end()) {
        return found->second;
    }
    const ScratchDirectory scratch;  // the card may change at any moment, its copy does not
    replace_file(scratch / "copy.softcard", *content, 0600);
    return known[*content] = ask_counters(scratch / "copy.softcard", kind);
}

}  // namespace jeton::test
