// A Card on a software card, with a link that lets the world interfere.
#pragma once

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <unistd.h>

#include "card/card.hpp"
#include "card/support/error_of.hpp"
#include "card/support/profiles.hpp"
#include "card/support/simulated_link.hpp"
#include "softcard/store.hpp"

namespace jeton::card {

class SoftCardTest : public testing::Test {
  protected:
    static constexpr std::string_view user_pin = "123456";
    static constexpr std::string_view puk = "12345678";
    static constexpr std::string_view management_key = "00112233445566778899AABBCCDDEEFF0011223344556677";

    SoftCardTest() {
        std::string name = (std::filesystem::temp_directory_path() / "jeton-card-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no directory for the test");
        }
        m_directory = name;
    }
    ~SoftCardTest() override { std::filesystem::remove_all(m_directory); }

    /// create makes a card file; without |key| the management key is random and stored PIN-protected on the
    /// card.
    std::filesystem::path create(const std::string& name, Bytes key = {}) {
        softcard::create(m_directory, {.name = name, .applets = {"piv"}, .management_key = std::move(key)});
        return softcard::card_file(m_directory, name);
    }

    /// insert puts a card into the reader; |patch| is a JSON document that changes the profile piv.
    void insert(Bytes key = {}, const std::string& patch = {}) {
        m_file = create("main", std::move(key));
        m_link = std::make_unique<support::SimulatedLink>(softcard::insert(m_file));
        std::vector<ProfileSet::Layer> layers;
        if (!patch.empty()) {
            const auto path = m_directory / "patch.json";
            std::ofstream(path) << patch;
            layers.push_back({.path = path});
        }
        const ProfileSet profiles = ProfileSet::load(layers);
        for (const ProfileProblem& problem : profiles.problems()) {
            ADD_FAILURE() << problem.text();
        }
        m_card = Card::recognise(*m_link, profiles);
        ASSERT_TRUE(m_card);
    }

    void insert_with_known_key() { insert(from_hex(management_key).value()); }

    std::size_t key(std::string_view id) const { return key_index(m_card->profile(), id); }
    std::size_t object(std::string_view id) const { return object_index(m_card->profile(), id); }

    void login() { m_card->begin().login(PinRole::user, view_of(user_pin)); }

    /// generate makes a P-256 key in the slot |id|.
    crypto::EcPublicKey generate(std::string_view id) {
        return std::get<crypto::EcPublicKey>(m_card->begin().generate(key(id), KeyType::p256)->public_key);
    }

    SecretBytes sign(std::string_view id) {
        return m_card->begin().compute(key(id), Primitive::ecdsa, Verb::sign, m_hash);
    }

    /// commands runs |function| and gives the INS bytes that it sent.
    template <typename Function>
    std::string commands(Function&& function) {
        const std::size_t before = m_link->sent.size();
        function();
        return m_link->sent_since(before);
    }

    /// elsewhere runs |function| in another process, which leaves the card reset. Its Card is on the same
    /// file.
    template <typename Function>
    void elsewhere(Function&& function) {
        support::SimulatedLink link(softcard::insert(m_file));
        const auto card = Card::recognise(link, built_in_profiles());
        function(*card);
        m_link->take_away();
    }

    Bytes m_hash = Bytes(32, 0xA5);
    std::filesystem::path m_directory;
    std::filesystem::path m_file;
    std::unique_ptr<support::SimulatedLink> m_link;
    std::unique_ptr<Card> m_card;
};

}  // namespace jeton::card
