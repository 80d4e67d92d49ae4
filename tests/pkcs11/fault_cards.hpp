// The kinds of cards that the tests of faults go through, and finished cards of each.
#pragma once

#include <span>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {

/// require_that and require_ok throw std::runtime_error, which ends the case.
void require_that(bool condition, const std::string& what);
void require_ok(CK_RV rv, const std::string& what);

/// Counters are the tries that a card has left, as the card itself tells.
struct Counters {
    int pin = -1;
    int puk = -1;  ///< of the PUK, or of the security officer's PIN
    bool operator==(const Counters&) const = default;
};

/// FaultKind is what the tests need to know of one kind of card.
struct FaultKind {
    const char* name;
    const char* applet;
    unsigned mask;  ///< its bit in Operation::kinds

    struct Key {
        Byte id;
        bool is_rsa;  ///< RSA-2048; else P-256
    };

    /// Template is a finished card: keys, and a certificate for the signer.
    struct Template {
        const char* name;
        std::vector<Key> keys;
        const char* management_key = "";  ///< one that only the test knows
    };
    std::vector<Template> templates;  ///< the first is "card"

    Byte signer;      ///< P-256, does not want the PIN each time
    Byte decrypter;   ///< RSA
    Byte deriver;     ///< P-256, in the template "agreeing" where there is one
    Byte each_time;   ///< wants the PIN each time, in the template "signing" where there is one; 0: none
    Byte free_place;  ///< for a new key
    Byte certificate_place;  ///< for a new certificate
    bool certificate_has_key;

    CK_USER_TYPE maker;  ///< makes keys and writes certificates
    const char* maker_secret;
    const char* officer;    ///< logs in as security officer
    const char* unblocker;  ///< so too, for C_InitPIN
    const char* data_label;
    bool data_are_private;
    Counters full;

    const Template& find_template(std::string_view wanted) const;
};

inline constexpr unsigned piv_faults = 1, openpgp_faults = 2, hsm_faults = 4, all_faults = 7;

/// fault_kinds is the table; the first is PIV.
std::span<const FaultKind> fault_kinds();
std::string kind_name(const testing::TestParamInfo<FaultKind>& kind);
void PrintTo(const FaultKind& kind, std::ostream* out);

/// CardTemplates are finished cards that each case begins with a copy of: those of the kind, and `other`, an
/// empty card with another PIN.
class CardTemplates {
  public:
    explicit CardTemplates(const FaultKind& kind);

    const FaultKind& kind() const { return m_kind; }
    std::filesystem::path file(const std::string& name) const;

    static constexpr const char* other_pin = "975310";
    static constexpr const char* other_puk = "97531086";

  private:
    void fill(const FaultKind::Template& wanted) const;

    const FaultKind& m_kind;
    ScratchDirectory m_scratch;
};

Counters read_counters(const std::filesystem::path& card, const FaultKind& kind = fault_kinds().front());

}  // namespace jeton::test
