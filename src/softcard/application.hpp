// What every application of a card has in common, and the router that chooses among them.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "softcard/apdu_front.hpp"
#include "softcard/command.hpp"
#include "softcard/response.hpp"

namespace jeton::softcard {

/// Application is one application of a card. Only the selected one gets commands.
class Application : public CommandHandler {
  public:
    /// present tells whether the card that is in the memory now has the application.
    virtual bool present() const = 0;

    /// is_named tells whether |name|, an AID or the beginning of one, means this application.
    virtual bool is_named(View name) const = 0;

    /// select makes it the selected application, with nothing given yet, and answers SELECT, whose name it
    /// has. A Refusal leaves everything as it is.
    virtual Response select(const Command& command) = 0;

    /// reset forgets everything that is lost with power or when another application is selected.
    virtual void reset() = 0;
};

/// is_name_of tells whether |name| is |identifier| or a beginning of it of |least| bytes or more
/// (ISO/IEC 7816-4, 11.2.2: right truncated DF name).
bool is_name_of(View identifier, View name, std::size_t least);

/// guarded gives what |run| gives; when it throws, the status word of a Refusal, 6581 when the memory was not
/// written, and 6F00 for what should not happen.
Response guarded(const std::function<Response()>& run);

/// Router carries out SELECT by DF name (P1 04) and gives every other command to the selected application.
class Router final : public CommandHandler {
  public:
    explicit Router(std::vector<std::unique_ptr<Application>> applications)
        : m_applications(std::move(applications)) {}

    /// reset leaves no application selected, as a card does when it loses power.
    void reset();

    bool knows_class(Byte cla) const override;
    void begin() override;
    Response execute(const Command& command) override;

  private:
    Response route(const Command& command);
    Response select(const Command& command);

    std::vector<std::unique_ptr<Application>> m_applications;
    Application* m_selected = nullptr;  ///< one of them
};

}  // namespace jeton::softcard
