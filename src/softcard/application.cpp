#include "softcard/application.hpp"

#include <algorithm>
#include <new>
#include <system_error>

#include "crypto/error.hpp"
#include "util/log.hpp"

namespace jeton::softcard {

namespace {

constexpr Byte select_file = 0xA4;
constexpr Byte by_name = 0x04;

}  // namespace

bool is_name_of(View identifier, View name, std::size_t least) {
    return name.size() >= least && name.size() <= identifier.size() &&
           equal(name, identifier.first(name.size()));
}

Response guarded(const std::function<Response()>& run) {
    try {
        return run();
    } catch (const Refusal& refusal) {
        return {{}, refusal.status()};
    } catch (const std::system_error& error) {
        log::error("software card: cannot write: {}", error.what());
        return {{}, status::memory_failure};
    } catch (const crypto::Error& error) {
        log::error("software card: {}", error.what());
        return {{}, status::no_diagnosis};
    } catch (const std::bad_alloc&) {
        return {{}, status::no_diagnosis};
    }
}

void Router::reset() {
    m_selected = nullptr;
    for (const auto& application : m_applications) {
        application->reset();
    }
}

/// The interindustry class is for every card: it has SELECT.
bool Router::knows_class(Byte cla) const {
    return cla == 0x00 || (m_selected != nullptr && m_selected->knows_class(cla));
}

void Router::begin() {
    if (m_selected != nullptr) {
        m_selected->begin();
    }
}

Response Router::execute(const Command& command) {
    return guarded([&] { return route(command); });
}

Response Router::route(const Command& command) {
    const bool is_select = command.cla == 0x00 && command.ins == select_file;
    if (is_select && command.p1 == by_name) {
        return select(command);
    }
    require(m_selected != nullptr, is_select ? status::wrong_parameters : status::unknown_instruction);
    return m_selected->execute(command);
}

/// SELECT (ISO/IEC 7816-4, 11.2.2). A name that no application has leaves the selected one as it is; the
/// application that is left forgets what was given to it.
Response Router::select(const Command& command) {
    const auto found = std::ranges::find_if(m_applications, [&](const auto& application) {
        return application->present() && application->is_named(command.data);
    });
    require(found != m_applications.end(), status::not_found);
    Response response = (*found)->select(command);
    if (m_selected != nullptr && m_selected != found->get()) {
        m_selected->reset();
    }
    m_selected = found->get();
    return response;
}

}  // namespace jeton::softcard
