// CommandTemplate: a command that a profile describes, with places that are filled in. The grammar is fixed:
// at most four commands, one after the other, no choices and no loops. Which commands may stand there
// says template_commands() (applet.hpp); the profile was checked when it was read.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "card/channel.hpp"
#include "card/error.hpp"
#include "card/profile.hpp"
#include "util/json.hpp"

namespace jeton::card {

/// TemplateValues is what is filled in; the views must outlive the call.
struct TemplateValues {
    Byte key_ref = 0;
    std::size_t key_bits = 0;  ///< chooses among the constants that stand for lengths of keys
    Byte algorithm = 0;
    View data{};
    View iv{};
    View aad{};
    View counter{};
    std::size_t tag_bits = 0;  ///< up to 255
};

class CommandTemplate {
  public:
    /// Fields are the parts of the answer by their names.
    using Fields = std::map<std::string, SecretBytes>;

    /// read takes a checked member of "commands", and "constants" with the bytes that it names.
    static std::shared_ptr<const CommandTemplate> read(const Json& command, const Json& constants);

    /// most_data is how many bytes of data fit beside the other |values| through |rule|, their answer
    /// included; 0 when none do, or the template has no place for data. |values|.data is not looked at.
    std::size_t most_data(const TransportRule& rule, const TemplateValues& values) const;

    /// run sends the commands and gives the fields of their answers. Error(|verb|, status word) when a status
    /// word is not one of success; Error(malformed) for an answer that is shorter or longer than its fields;
    /// Error(too_large) for values that a length cannot name; Error(unsupported) for a key length that a
    /// constant does not stand for. Nothing was sent then.
    Fields run(Channel& channel, const TemplateValues& values, Verb verb) const;

    /// Source is where bytes come from: the profile itself, or what is filled in.
    enum class Source { literal, key_ref, algorithm, tag_bits, data, iv, aad, counter };

  private:
    /// Operand is bytes before they are known.
    struct Operand {
        Source source = Source::literal;
        Bytes literal{};
        std::map<std::size_t, Bytes> by_bits{};  ///< a constant for each length of key, instead of |literal|
    };
    struct Piece {
        Operand operand;
        Bytes tag{};                   ///< empty: no TLV around it
        std::size_t length_bytes = 0;  ///< 0: as few as there can be
        bool omit_if_empty = false;
    };
    struct Field {
        std::string name;
        enum class Length { fixed, input, rest } length = Length::fixed;
        std::size_t bytes = 0;  ///< of Length::fixed
    };
    enum class Le { none, up_to_256, all };
    struct Step {
        Byte cla = 0x00;
        Byte ins = 0x00;
        Operand p1;
        Operand p2;
        std::vector<Piece> pieces;
        Le le = Le::none;
        std::vector<Field> fields;
        std::vector<StatusWord> success{sw::success};
        std::size_t max_data = 65535;

        bool takes_data() const;
        bool has_room(const TransportRule& rule, const TemplateValues& values, std::size_t data) const;
        std::uint32_t expected(std::size_t data) const;
    };

    static Operand read_operand(const std::string& text, const Json& constants);
    static Piece read_piece(const Json& piece, const Json& constants);
    static Step read_step(const Json& step, const Json& constants);
    static std::size_t size_of(const Piece& piece, const TemplateValues& values, std::size_t data);
    static void put(SecretBytes& out, const Piece& piece, const TemplateValues& values, Verb verb);
    static void take_fields(Fields& out, const Step& step, View answer, std::size_t data, Verb verb);

    std::vector<Step> m_steps;
};

}  // namespace jeton::card
