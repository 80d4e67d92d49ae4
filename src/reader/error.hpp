#pragma once

#include <stdexcept>
#include <string>

namespace jeton::reader {

/// Error is what can go wrong between us and a card, whatever carries the APDUs.
class Error final : public std::runtime_error {
  public:
    enum class Kind {
        gone,         ///< the reader was unplugged
        no_card,      ///< the reader is there, a card is not (any more)
        mute,         ///< the card does not answer, or not in time
        timeout,      ///< the reader does not answer in time
        protocol,     ///< reader or card answered what no rule allows
        busy,         ///< somebody else holds the reader, longer than we waited
        unsupported,  ///< this reader or card cannot do what was asked
    };

    Error(Kind kind, const std::string& what) : std::runtime_error(what), m_kind(kind) {}
    Kind kind() const { return m_kind; }

  private:
    Kind m_kind;
};

}  // namespace jeton::reader
