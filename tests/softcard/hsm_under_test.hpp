// A software card in memory whose application sc-hsm is selected, and the host side that tests need.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "crypto/keys.hpp"
#include "softcard/card_state.hpp"
#include "softcard/card_under_test.hpp"
#include "softcard/cvc.hpp"

namespace jeton::softcard {

inline constexpr std::string_view hsm_pin = "123456";
inline constexpr std::string_view hsm_officer_pin = "12345678";

/// hsm_options are those of a card with this application alone; a PIN costs next to nothing.
CreateOptions hsm_options(AesModes modes = AesModes::native, bool blank = false);

/// test_dkek is 2021..3F, under which the vectors are.
Bytes test_dkek();

/// pair_request is the data of GENERATE ASYMMETRIC KEY PAIR for a key on |curve|, or of RSA; |more| are
/// terms.
Bytes pair_request(crypto::Curve curve, std::string_view more = "");
Bytes rsa_request(std::size_t bits, std::string_view more = "");

class HsmUnderTest {
  public:
    explicit HsmUnderTest(const CreateOptions& options = hsm_options());

    /// restart powers the card off and on and selects the application.
    void restart();

    /// send transmits one APDU, as it stands.
    Answer send(View apdu);
    Answer send(std::string_view digits) { return send(hex(digits)); }

    /// command sends header and data in one extended APDU that expects as much as there is.
    Answer command(std::string_view header, View data = {});

    void verify();

    /// initialize gives the card the usual PINs; |more| are further data objects.
    Answer initialize(std::string_view more = "");

    /// with_dkek initialises the card with test_dkek() and verifies the PIN.
    void with_dkek();

    /// generate makes a key and gives its public half as the request tells it.
    crypto::PublicKey generate(Byte id, View request);

    /// bring_aes unwraps |key|, which may be used with |algorithms| (empty: all), as key |id|.
    void bring_aes(Byte id, View key, View algorithms = {});

    /// state is what the card keeps now; text is its file.
    HsmState state() const;
    std::string text() const;

    reader::SimulatedCard& card() { return m_card; }
    Medium& medium() { return *m_medium; }

  private:
    std::shared_ptr<Medium> m_medium;
    SoftCard m_card;
};

}  // namespace jeton::softcard
