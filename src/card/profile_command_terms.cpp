#include "card/profile_command_terms.hpp"

#include "card/profile_terms.hpp"

namespace jeton::card::vocabulary {

namespace {

using namespace rows;
using namespace text_forms;

constexpr Term piece_terms[] = {
    text("hex", 1024, "These bytes.", command_bytes),
    text("value", 1024, "Instead of `hex`: what is filled in.", operand),
    hex("tlv", 1, 3, "The tag of a TLV around it; its length is as short as it can be."),
    integer("lenBytes", 1, 3, "The bytes of that length, where the card wants their number fixed."),
    flag("omitIfEmpty", "Left out with its tag when nothing is filled in (default false)."),
};

constexpr Term field_terms[] = {
    required(text("field", 64, "The name of the field.", identifier)),
    required(or_word(
        integer("length", 0, 65536, "Its bytes. `input`: as many as `{data}` has; `rest`: all that follow."),
        answer_lengths)),
};

constexpr std::array step_terms{
    hex("cla", 1, 1, "CLA. Together with INS it must be one that the applet lets templates send."),
    hex("ins", 1, 1, "INS."),
    text("p1", 128, "P1.", command_byte),
    text("p2", 128, "P2.", command_byte),
    list(object("data", piece_shape, "What stands in the command (default nothing).")),
    choice("le", template_les,
           "Le: `none`, `short` for up to 256 bytes, or `max` for as many as there are (default `max`; "
           "`none` without `answer`)."),
    list(object("answer", field_shape, "The fields of the answer, in their order (default: no answer).")),
    list(hex("ok", 2, 2, "The status words of success (default 9000)."), 1),
    integer("maxData", 1, 65535,
            "The most bytes of `{data}` (default: as many as `transport` lets through)."),
};

constexpr std::array several_steps{at_most(
    list(object("steps", step_shape,
                "Instead of all that: several commands, of which the first that fails ends the sequence."),
         1),
    most_template_steps)};
constexpr auto command_terms = joined(step_terms, several_steps);

constexpr Term constant_terms[] = {
    hex("128", 1, 255, "For keys of 128 bits."),
    hex("192", 1, 255, "For keys of 192 bits."),
    hex("256", 1, 255, "For keys of 256 bits."),
};

constexpr Term purpose_terms[] = {
    text("encrypt", 64, "Encryption; of CKM_AES_GCM with fields `ciphertext` and `tag`.", identifier),
    text("decrypt", 64, "Decryption of ciphertext and tag, with the field `plaintext`.", identifier),
    text("sign", 64, "A signature, with the field `signature`.", identifier),
    text("decipher", 64, "Decryption with a private key, with the field `plaintext`.", identifier),
    text("derive", 64, "Key agreement, with the field `secret`.", identifier),
    text("block", 64, "The block cipher alone, with the field `ciphertext`.", identifier),
};

}  // namespace

constexpr Shape piece_shape{"piece", "`commands.*.data[]`", piece_terms, true};
constexpr Shape field_shape{"field", "`commands.*.answer[]`", field_terms, true};
constexpr Shape step_shape{"step", "`commands.*.steps[]`", step_terms, true};
constexpr Shape command_shape{"command", "`commands.*`", command_terms, true};
constexpr Shape constant_shape{"constant", "`constants.*`", constant_terms, true};
constexpr Shape purpose_shape{"purpose", "`mechanisms.*.command`", purpose_terms, true};

}  // namespace jeton::card::vocabulary
