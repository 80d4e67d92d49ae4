#include "reader/vpcd_readers.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unistd.h>

#include "reader/emulated_reader.hpp"
#include "reader/error.hpp"
#include "reader/vpcd_remote_card.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

constexpr Milliseconds connect_wait{500};
constexpr Milliseconds shortest_pause{500};
constexpr int pause_factor = 10;  ///< of the time that a vain attempt took: looking stays cheap

/// Listening is one listener of this process. It is shared by all who look for the same place.
struct Listening {
    explicit Listening(const Endpoint& endpoint) : listener(endpoint) {}

    VpcdListener listener;
    const pid_t pid = getpid();
};

/// Registry knows who listens now; never destroyed, see Module.
struct Registry {
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<Listening>> listening;
    std::set<std::string> told;  ///< places of which the log says already that they are taken
};

Registry& registry() {
    static auto* registry = new Registry;
    return *registry;
}

/// listen gives nullptr where that is not possible. A forked child does not take what its parent listens at.
std::shared_ptr<Listening> listen(const VpcdPlace& place) {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    const std::string text = place.text();
    std::weak_ptr<Listening>& known = all.listening[text];
    auto listening = known.lock();
    if (listening != nullptr && listening->pid == getpid()) {
        return listening;
    }
    try {
        listening = std::make_shared<Listening>(place.endpoint);
        known = listening;
        all.told.erase(text);
        return listening;
    } catch (const Error& error) {
        if (all.told.insert(text).second) {
            log::warn("the virtual reader \"{}\" is left out: {}", text, error.what());
        }
        return nullptr;
    }
}

/// Connector tries to reach a card that waits for its reader, not too often.
class Connector {
  public:
    explicit Connector(Endpoint endpoint) : m_endpoint(std::move(endpoint)) {}

    std::optional<VpcdStream> operator()() {
        if (m_pause && !m_pause->passed()) {
            return std::nullopt;
        }
        const auto begin = Deadline::Clock::now();
        auto stream = VpcdStream::open(m_endpoint, Deadline::after(connect_wait));
        const auto spent = std::chrono::duration_cast<Milliseconds>(Deadline::Clock::now() - begin);
        m_pause =
            stream ? std::nullopt : std::optional(Deadline::after(shortest_pause + pause_factor * spent));
        return stream;
    }

  private:
    Endpoint m_endpoint;
    std::optional<Deadline> m_pause;
};

}  // namespace

std::vector<ReaderPlace> find_vpcd_readers(const std::vector<VpcdPlace>& wanted) {
    std::vector<ReaderPlace> places;
    for (const VpcdPlace& place : wanted) {
        std::function<std::optional<VpcdStream>()> source = Connector(place.endpoint);
        if (place.direction == VpcdPlace::Direction::listen) {
            auto listening = listen(place);
            if (listening == nullptr) {
                continue;
            }
            source = [listening] { return listening->listener.accept(); };
        }
        const std::string name = "vpcd " + place.text();
        places.push_back(
            {.name = name, .key = "vpcd:" + place.text(), .lease_file = {}, .open = [name, source] {
                 return make_emulated_reader(std::make_shared<VpcdRemoteCard>(name, source));
             }});
    }
    return places;
}

}  // namespace jeton::reader
