// A software card in memory with the OpenPGP application, and the host side that tests need to talk to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "crypto/keys.hpp"
#include "softcard/card_under_test.hpp"
#include "softcard/openpgp_facts.hpp"
#include "softcard/soft_card.hpp"

namespace jeton::softcard::openpgp {

/// new_medium is a new card with PIV and OpenPGP: PW1 123456, PW3 12345678.
std::shared_ptr<Medium> new_medium();

/// CardUnderTest is a powered card with the OpenPGP application selected.
class CardUnderTest {
  public:
    explicit CardUnderTest(std::shared_ptr<Medium> medium = new_medium(), const CardOptions& options = {});

    Medium& medium() { return *m_medium; }
    reader::SimulatedCard& card() { return m_card; }

    /// restart powers the card off and on and selects the application.
    void restart();

    /// send transmits one APDU, as it stands; command sends header and data in one extended APDU.
    Answer send(View apdu);
    Answer send(std::string_view digits) { return send(hex(digits)); }
    Answer command(std::string_view header, View data);

    /// verify gives PW1 (81 and 82) or PW3 (83) as new_medium has it; verify_all all three.
    void verify(Byte reference);
    void verify_all();

    /// get gives the data of an object that must be there; put writes one and gives the status word.
    Bytes get(std::uint32_t tag);
    unsigned put(std::uint32_t tag, View content);

    /// use_algorithm gives key |place| the attributes in hex.
    void use_algorithm(std::size_t place, std::string_view attributes);

    /// generate makes the key |place| and gives its public part; read_key tells it again.
    crypto::PublicKey generate(std::size_t place);
    crypto::PublicKey read_key(std::size_t place);

    /// import brings |key| to |place|; RSA with the numbers that |form|, the last byte of its attributes,
    /// has.
    Answer import(std::size_t place, const crypto::PrivateKey& key, Byte form = 0);

  private:
    crypto::PublicKey public_key(std::size_t place, const Answer& answer);

    std::shared_ptr<Medium> m_medium;
    SoftCard m_card;
};

/// header_list is the data field that imports |key| to |place|.
Bytes header_list(std::size_t place, const crypto::PrivateKey& key, Byte form);

}  // namespace jeton::softcard::openpgp
