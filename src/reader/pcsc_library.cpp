#include "reader/pcsc_library.hpp"

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <fmt/core.h>

#include "util/log.hpp"

namespace jeton::reader::pcsc {

namespace {

using Kind = Error::Kind;

constexpr const char* library_name = "libpcsclite.so.1";

struct CodeRow {
    Long result;
    Kind kind;
    const char* text;
};

constexpr std::array codes{
    CodeRow{0x8010'0001, Kind::gone, "pcscd met an internal error"},
    CodeRow{code::invalid_handle, Kind::gone, "pcscd does not know us any more"},
    CodeRow{0x8010'0008, Kind::protocol, "the answer is longer than PC/SC allows"},
    CodeRow{code::unknown_reader, Kind::gone, "pcscd has no such reader any more"},
    CodeRow{0x8010'000A, Kind::timeout, "pcscd gave up waiting"},
    CodeRow{code::sharing_violation, Kind::busy, "another program keeps the card to itself over PC/SC"},
    CodeRow{code::no_smartcard, Kind::no_card, "there is no card"},
    CodeRow{0x8010'000F, Kind::unsupported, "the card does not offer the protocol"},
    CodeRow{0x8010'0013, Kind::gone, "no answer from pcscd"},
    CodeRow{code::not_transacted, Kind::protocol, "the reader's driver could not carry it out"},
    CodeRow{code::reader_unavailable, Kind::gone, "the reader was unplugged"},
    CodeRow{code::no_service, Kind::gone, "pcscd is not running"},
    CodeRow{0x8010'001E, Kind::gone, "pcscd was stopped"},
    CodeRow{code::unsupported_feature, Kind::unsupported, "the reader's driver cannot do it"},
    CodeRow{code::no_readers, Kind::gone, "pcscd has no reader"},
    CodeRow{0x8010'0065, Kind::unsupported, "pcscd does not support the card"},
    CodeRow{0x8010'0066, Kind::mute, "the card does not answer to power"},
    CodeRow{0x8010'0067, Kind::mute, "the card has no power"},
    CodeRow{code::reset_card, Kind::protocol, "another program reset the card"},
    CodeRow{code::removed_card, Kind::no_card, "the card was taken out"},
    CodeRow{0x8010'006A, Kind::unsupported, "the policy of pcscd does not let this user near the card"},
};

/// The results that end a context: whatever is asked next has to begin with a new one.
constexpr std::array<Long, 5> lost{0x8010'0001, code::invalid_handle, 0x8010'0013, code::no_service,
                                   0x8010'001E};

template <typename Function>
bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (function == nullptr) {
        log::warn("{} has no {}: there is no PC/SC", library_name, name);
    }
    return function != nullptr;
}

const Library* load() {
    // Not unloaded under the threads that are in it; nor are its names for anybody else.
    void* handle = dlopen(library_name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
        log::debug("there is no PC/SC: {}", dlerror());
        return nullptr;
    }
    static Library library{};
    const bool whole =
        find(handle, "SCardEstablishContext", library.establish_context) &&
        find(handle, "SCardReleaseContext", library.release_context) &&
        find(handle, "SCardListReaders", library.list_readers) &&
        find(handle, "SCardGetStatusChange", library.get_status_change) &&
        find(handle, "SCardConnect", library.connect) && find(handle, "SCardReconnect", library.reconnect) &&
        find(handle, "SCardDisconnect", library.disconnect) &&
        find(handle, "SCardBeginTransaction", library.begin_transaction) &&
        find(handle, "SCardEndTransaction", library.end_transaction) &&
        find(handle, "SCardStatus", library.status) && find(handle, "SCardTransmit", library.transmit) &&
        find(handle, "SCardControl", library.control) && find(handle, "SCardGetAttrib", library.get_attrib);
    return whole ? &library : nullptr;
}

}  // namespace

const Library* system_library() {
    static const Library* const library = load();
    return library;
}

bool service_lost(Long result) {
    return std::ranges::find(lost, result & 0xFFFF'FFFF) != lost.end();
}

Error error_of(Long result, const std::string& what) {
    const Long number = result & 0xFFFF'FFFF;
    const auto* row = std::ranges::find(codes, number, &CodeRow::result);
    if (row == codes.end()) {
        return {Kind::protocol, fmt::format("{}: PC/SC error {:08X}", what, static_cast<Dword>(number))};
    }
    return {row->kind, fmt::format("{}: {}", what, row->text)};
}

}  // namespace jeton::reader::pcsc
