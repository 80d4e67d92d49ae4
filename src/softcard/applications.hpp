// The applications that a software card can have, as a table.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "softcard/application.hpp"
#include "softcard/card_memory.hpp"
#include "softcard/card_state.hpp"

namespace jeton::softcard {

/// ApplicationKind is one application. The functions of one that this version does not have yet are null.
struct ApplicationKind {
    std::string_view name;  ///< as `jeton softcard create --applet` takes it
    bool (*is_on)(const CardState& card);
    /// Puts the application on |card|, whose serial number is set.
    void (*make)(const CreateOptions& options, CardState& card);
    /// The application at work; |memory| must live longer.
    std::unique_ptr<Application> (*run)(CardMemory& memory, const CardOptions& options);
};

std::span<const ApplicationKind> application_kinds();

/// find_application gives the row of |name|; nullptr for any other name.
const ApplicationKind* find_application(std::string_view name);

/// run_applications runs every application of the table, for whatever card |memory| holds.
std::vector<std::unique_ptr<Application>> run_applications(CardMemory& memory, const CardOptions& options);

}  // namespace jeton::softcard
