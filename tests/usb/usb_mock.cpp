// usb_mock [OPTION...] -- COMMAND...: runs COMMAND with emulated readers on its USB bus; its status is the
// command's. It must run under umockdev-wrapper. Options:
//   --card FILE         a software card in a reader of its own, at port 1-1, the next one at 1-2 and so on
//   --both              the cards two by two, in readers with two slots
//   --level LEVEL       as set_exchange of emulated_reader.hpp; extended-apdu if not given
//   --max-message N     dwMaxCCIDMessageLength; after --level
//   --power-on, --verify, --sign: milliseconds that the card takes for that
//   --id VENDOR:PRODUCT in hexadecimal
// On its standard input it takes lines "unplug PORTS" and "plug PORTS", such as "unplug 1-1", and answers
// each with a line on its standard output.
#include <cstdio>
#include <fcntl.h>
#include <fmt/core.h>
#include <functional>
#include <iostream>
#include <map>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>

#include "support/timed_card.hpp"
#include "usb/mock_bus.hpp"

#include "softcard/store.hpp"

extern char** environ;

namespace jeton::test {

namespace {

struct Setting {
    std::vector<std::string> cards;
    bool both = false;
    reader::EmulationOptions reader;
    CardTimes times;
    std::uint16_t vendor = 0x1209;
    std::uint16_t product = 0x0001;
    std::vector<char*> command;
};

void set_level(Setting& setting, const std::string& value) {
    if (!reader::set_exchange(setting.reader, value)) {
        throw std::runtime_error("no such level: " + value);
    }
}

void set_id(Setting& setting, const std::string& value) {
    setting.vendor = static_cast<std::uint16_t>(std::stoul(value.substr(0, 4), nullptr, 16));
    setting.product = static_cast<std::uint16_t>(std::stoul(value.substr(5), nullptr, 16));
}

Milliseconds time(const std::string& value) {
    return Milliseconds(std::stoul(value));
}

Setting parse(int argc, char** argv) {
    using Set = std::function<void(Setting&, const std::string&)>;
    static const std::map<std::string, Set> options{
        {"--card", [](Setting& it, const std::string& value) { it.cards.push_back(value); }},
        {"--level", set_level},
        {"--max-message",
         [](Setting& it, const std::string& value) { it.reader.max_message = std::stoul(value); }},
        {"--power-on", [](Setting& it, const std::string& value) { it.times.power_on = time(value); }},
        {"--verify", [](Setting& it, const std::string& value) { it.times.verify = time(value); }},
        {"--sign", [](Setting& it, const std::string& value) { it.times.sign = time(value); }},
        {"--id", set_id},
    };
    Setting setting;
    int at = 1;
    for (; at < argc && argv[at] != std::string("--"); ++at) {
        const std::string name = argv[at];
        if (name == "--both") {
            setting.both = true;
            continue;
        }
        const auto option = options.find(name);
        if (option == options.end() || at + 1 >= argc) {
            throw std::runtime_error("unknown option, or one without a value: " + name);
        }
        option->second(setting, argv[++at]);
    }
    for (++at; at < argc; ++at) {
        setting.command.push_back(argv[at]);
    }
    if (setting.command.empty() || setting.cards.empty()) {
        throw std::runtime_error("usage: usb_mock --card FILE [OPTION...] -- COMMAND...");
    }
    setting.command.push_back(nullptr);
    return setting;
}

/// Ports is the bus with what belongs to each of its ports.
class Ports {
  public:
    explicit Ports(const Setting& setting) : m_setting(setting) {
        const std::size_t step = setting.both ? 2 : 1;
        for (std::size_t i = 0; i + step <= setting.cards.size(); i += step) {
            const std::string name = fmt::format("1-{}", m_cards.size() + 1);
            m_cards[name] = {setting.cards.begin() + static_cast<std::ptrdiff_t>(i),
                             setting.cards.begin() + static_cast<std::ptrdiff_t>(i + step)};
            plug(name);
        }
    }

    void plug(const std::string& name) {
        const auto& cards = m_cards.at(name);
        auto device = make(cards[0]);
        if (cards.size() > 1) {
            device = two_slots(std::move(device), make(cards[1]));
        }
        MockReader reader = reader_with(std::move(device), "S" + name);
        reader.layout.vendor = m_setting.vendor;
        reader.layout.product = m_setting.product;
        m_bus.plug(name, std::move(reader));
    }

    /// obey carries out one line of the standard input.
    void obey(const std::string& line) {
        const std::size_t blank = line.find(' ');
        const std::string verb = line.substr(0, blank);
        const std::string name = blank == std::string::npos ? "" : line.substr(blank + 1);
        if ((verb != "plug" && verb != "unplug") || !m_cards.contains(name)) {
            std::cout << "what? " << line << std::endl;
            return;
        }
        verb == "plug" ? plug(name) : m_bus.unplug(name);
        std::cout << verb << "ged " << name << std::endl;
    }

  private:
    std::unique_ptr<reader::Device> make(const std::string& card) const {
        auto timed = std::make_shared<TimedCard>(softcard::insert(card), m_setting.times);
        return reader::make_emulated_reader(std::move(timed), m_setting.reader);
    }

    const Setting& m_setting;
    std::map<std::string, std::vector<std::string>> m_cards;
    MockBus m_bus;
};

int run(const std::vector<char*>& command) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    pid_t child = 0;
    const int error = posix_spawnp(&child, command[0], &actions, nullptr, command.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        throw std::runtime_error(fmt::format("{} cannot be started: error {}", command[0], error));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

}  // namespace jeton::test

int main(int argc, char** argv) {
    try {
        const auto setting = jeton::test::parse(argc, argv);
        jeton::test::Ports ports(setting);
        std::thread([&ports] {
            for (std::string line; std::getline(std::cin, line);) {
                ports.obey(line);
            }
        }).detach();
        const int status = jeton::test::run(setting.command);
        std::cout.flush();
        _exit(status);  // the thread above may sit in its read for ever
    } catch (const std::exception& error) {
        std::cerr << "usb_mock: " << error.what() << std::endl;
        return 99;
    }
}
