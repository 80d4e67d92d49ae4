// The SmartCard-HSM applet on the recorded answers of another card (tests/transcripts).
//
// The recorded host reads and writes the current file, which it selected; we name the file in each command.
// What is in the files, and what is written to them, is put together from the record. Of other commands
// header and data count: the record asks for other lengths (Le).
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "support/replay_link.hpp"

#include "card/card.hpp"
#include "card/hsm_constants.hpp"
#include "card/hsm_description.hpp"
#include "card/support/profiles.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

/// HsmCommand is what counts of an APDU.
struct HsmCommand {
    Bytes header;
    Bytes data;
    bool operator==(const HsmCommand&) const = default;

    static HsmCommand parse(View apdu) {
        HsmCommand out{to_bytes(apdu.first(4)), {}};
        if (apdu.size() > 7 && apdu[4] == 0) {
            const auto length = static_cast<std::size_t>(load_be(apdu.subspan(5, 2)));
            out.data = to_bytes(apdu.subspan(7, std::min(length, apdu.size() - 7)));
        } else if (apdu.size() > 5 && apdu[4] != 0) {
            out.data = to_bytes(apdu.subspan(5, std::min<std::size_t>(apdu[4], apdu.size() - 5)));
        }
        return out;
    }

    Byte ins() const { return header[1]; }
    Bytes file() const { return to_bytes(View(header).last(2)); }
    std::size_t offset() const {
        return static_cast<std::size_t>(load_be(find_tlv(data, hsm::tag_offset).value_or(View{})));
    }
    View content() const { return find_tlv(data, hsm::tag_content).value_or(View{}); }
    std::string text() const { return to_hex(header) + to_hex(data); }
};

/// UnrecordedHsm is a command of ours that a record does not have, with its answer.
struct UnrecordedHsm {
    std::string_view file;   ///< the record; "" for any
    std::string_view begin;  ///< of header and data
    std::string_view answer;
    const char* why;
};

class RecordedHsm : public testing::Test {
  protected:
    void insert(const std::string& file) {
        check_record();
        m_card.reset();
        m_record = file;
        m_transcript = load(file);
        m_transcript.atr = from_hex("3BFE1800008131FE458031815448534D31738021408107FA").value();
        m_files.clear();
        m_writes.clear();
        m_used.clear();
        read_files(m_transcript);
        m_link.emplace(m_transcript, support::ReplayLink::Matching::by_command);
        m_link->computed = [this](View command) { return answer(HsmCommand::parse(command)); };
        m_card = Card::recognise(*m_link, built_in_profiles());
        ASSERT_TRUE(m_card);
        EXPECT_EQ(m_card->profile().id, "pico-hsm");
    }

    void TearDown() override { check_record(); }

    /// check_record fails the test for each command that had no answer, and each row that was not needed.
    void check_record() {
        for (const Bytes& command : m_link ? m_link->unrecorded : std::vector<Bytes>{}) {
            ADD_FAILURE() << m_record << ": not in the record: " << to_hex(command);
        }
        for (const UnrecordedHsm& row : unrecorded()) {
            const bool was_due = !m_only_lists && !row.file.empty() && row.file == m_record;
            EXPECT_TRUE(!was_due || m_used.contains(&row)) << "needed no more: " << row.why;
        }
    }

    void login() { m_card->begin().login(PinRole::user, view_of(recorded_pin)); }

    /// recorded gives the last recorded exchange |ins|.
    const support::Exchange& recorded(Byte ins) const {
        const auto& all = m_transcript.exchanges;
        const auto found = std::find_if(all.rbegin(), all.rend(), [&](const support::Exchange& exchange) {
            return exchange.command[1] == ins;
        });
        return *found;
    }
    Bytes recorded_output(Byte ins) const { return data_of(recorded(ins)); }
    Bytes recorded_input(Byte ins) const { return HsmCommand::parse(recorded(ins).command).data; }

    /// key_named gives the index of the key with the label.
    std::size_t key_named(std::string_view label) {
        m_card->begin().discover();
        const auto layout = m_card->layout();
        for (std::size_t i = 0; i < layout->keys.size(); ++i) {
            if (layout->keys[i]->label == label) {
                return i;
            }
        }
        ADD_FAILURE() << "no key " << label;
        return 0;
    }

    /// unrecorded is the table of the test.
    virtual std::span<const UnrecordedHsm> unrecorded() const = 0;

    /// answer_by_rule is for what neither record nor table can hold.
    virtual std::optional<Bytes> answer_by_rule(const HsmCommand&) { return std::nullopt; }

    static Bytes bytes(std::string_view digits) { return from_hex(digits).value(); }

    static constexpr std::string_view recorded_pin = "648219";
    static constexpr std::string_view other_pin = "123456";
    static constexpr std::string_view officer_pin = "3537363231383830";

    std::string m_record;
    bool m_only_lists = false;  ///< the test does not do what the record is about
    support::Transcript m_transcript;
    std::map<Bytes, Bytes> m_files;   ///< what is on the card, by the file's identifier
    std::map<Bytes, Bytes> m_writes;  ///< what the recorded host wrote
    std::optional<support::ReplayLink> m_link;
    std::unique_ptr<Card> m_card;

  private:
    static support::Transcript load(const std::string& file) {
        return support::Transcript::load(std::string(JETON_TRANSCRIPTS) + "/" + file + ".apdu");
    }

    static Bytes data_of(const support::Exchange& exchange) {
        return to_bytes(View(exchange.response).first(exchange.response.size() - 2));
    }

    /// put_at_end is for a host that goes through a file in order; other places it had before.
    static void put_at_end(Bytes& file, std::size_t offset, View content) {
        if (file.size() == offset) {
            append(file, content);
        }
    }

    static void put(Bytes& file, std::size_t offset, View content) {
        file.resize(std::max(file.size(), offset + content.size()));
        std::ranges::copy(content, file.begin() + static_cast<std::ptrdiff_t>(offset));
    }

    void read_files(const support::Transcript& transcript) {
        Bytes current;
        for (const support::Exchange& exchange : transcript.exchanges) {
            const HsmCommand command = HsmCommand::parse(exchange.command);
            if (command.ins() == hsm::ins_select && command.data.size() == 2) {
                current = command.data;
            } else if (command.ins() == hsm::ins_read_binary) {
                put_at_end(m_files[current], command.offset(), data_of(exchange));
            } else if (command.ins() == hsm::ins_update_binary) {
                current = command.file() == Bytes{0, 0} ? current : command.file();
                put_at_end(m_writes[current], command.offset(), command.content());
            }
        }
    }

    std::optional<Bytes> answer(const HsmCommand& command) {
        for (const support::Exchange& exchange : m_transcript.exchanges) {
            if (HsmCommand::parse(exchange.command) == command) {
                note_erased(command);
                return exchange.response;
            }
        }
        if (command.ins() == hsm::ins_read_binary && m_files.contains(command.file())) {
            return read(command);
        }
        if (command.ins() == hsm::ins_update_binary && is_written_alike(command)) {
            put(m_files[command.file()], command.offset(), command.content());
            return bytes("9000");
        }
        if (auto made = answer_by_rule(command)) {
            return made;
        }
        for (const UnrecordedHsm& row : unrecorded()) {
            const bool is_here = row.file.empty() || row.file == m_record;
            if (is_here && command.text().starts_with(row.begin)) {
                m_used.insert(&row);
                note_erased(command);
                return bytes(row.answer);
            }
        }
        return std::nullopt;
    }

    void note_erased(const HsmCommand& command) {
        if (command.ins() == hsm::ins_delete_file) {
            m_files.erase(command.data);
        }
    }

    Bytes read(const HsmCommand& command) const {
        const Bytes& file = m_files.at(command.file());
        Bytes out = to_bytes(View(file).subspan(std::min(command.offset(), file.size())));
        append(out, bytes("9000"));
        return out;
    }

    /// is_written_alike tells whether the recorded host wrote the same to the same place, or a description of
    /// the same key: ours also says that the key was made on the card.
    bool is_written_alike(const HsmCommand& command) const {
        const auto file = m_writes.find(command.file());
        if (file == m_writes.end() || command.offset() > file->second.size()) {
            return false;
        }
        const View rest = View(file->second).subspan(command.offset());
        const View content = command.content();
        if (content.size() <= rest.size() && equal(content, rest.first(content.size()))) {
            return true;
        }
        const auto ours = hsm::read_key_description(content);
        const auto theirs = hsm::read_key_description(file->second);
        const auto what = [](const hsm::Description& key) {
            return std::tuple(key.kind, key.label, key.id, key.is_private, key.sign, key.decrypt, key.derive,
                              key.size);
        };
        return command.file()[0] == hsm::prefix_key_description && ours && theirs &&
               what(*ours) == what(*theirs);
    }

    std::set<const UnrecordedHsm*> m_used;  ///< rows of the table
};

}  // namespace jeton::card
