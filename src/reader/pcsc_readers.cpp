#include "reader/pcsc_readers.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "reader/pcsc_link.hpp"
#include "util/log.hpp"

namespace jeton::reader {

using pcsc::Dword;
using pcsc::Long;

namespace {

constexpr std::size_t names_limit =
    16 * 256;  ///< pcscd has at most 16 readers, with names of at most 128 bytes
constexpr std::uint32_t usb_channel = 0x0020;

/// Context is for one question.
class Context {
  public:
    explicit Context(const pcsc::Library& library) : m_library(library) {
        m_result = library.establish_context(pcsc::scope_system, nullptr, nullptr, &m_context);
    }
    ~Context() {
        if (*this) {
            m_library.release_context(m_context);
        }
    }
    Context(const Context&) = delete;  // one owner gives it back
    Context& operator=(const Context&) = delete;

    explicit operator bool() const { return m_result == pcsc::code::success; }
    Long get() const { return m_context; }

  private:
    const pcsc::Library& m_library;
    Long m_context = 0;
    Long m_result = 0;
};

/// split_names takes the names apart: each ends with a zero byte, and an empty one ends the list.
std::vector<std::string> split_names(View list) {
    std::vector<std::string> names;
    std::string name;
    for (const Byte byte : list) {
        if (byte != 0) {
            name.push_back(static_cast<char>(byte));
        } else if (name.empty()) {
            break;
        } else {
            names.push_back(std::exchange(name, {}));
        }
    }
    return names;
}

}  // namespace

std::optional<std::vector<std::string>> list_pcsc_readers(const pcsc::Library* library) {
    if (library == nullptr) {
        return std::nullopt;
    }
    const Context context(*library);
    if (!context) {
        return std::nullopt;
    }
    Bytes names(names_limit);
    Dword size = names.size();
    const Long result =
        library->list_readers(context.get(), nullptr, reinterpret_cast<char*>(names.data()), &size);
    if (result != pcsc::code::success) {
        return std::vector<std::string>();  // a pcscd without readers says so as an error
    }
    return split_names(View(names).first(std::min<std::size_t>(size, names.size())));
}

ReaderPlace pcsc_place(const pcsc::Library& library, const std::string& name) {
    ReaderPlace place{.name = name, .key = "pcsc:" + name, .lease_file = {}, .open = nullptr};
    place.link = [&library, name](std::size_t) { return std::make_unique<PcscLink>(library, name); };
    return place;
}

std::vector<ReaderPlace> find_pcsc_readers() {
    const pcsc::Library* library = pcsc::system_library();
    std::vector<ReaderPlace> places;
    for (const std::string& name : list_pcsc_readers(library).value_or(std::vector<std::string>())) {
        places.push_back(pcsc_place(*library, name));
    }
    return places;
}

std::optional<UsbAddress> pcsc_usb_address(const pcsc::Library& library, const std::string& name) {
    const Context context(library);
    Long card = 0;
    Dword protocol = 0;
    if (!context || library.connect(context.get(), name.c_str(), pcsc::share_direct, 0, &card, &protocol) !=
                        pcsc::code::success) {
        return std::nullopt;
    }
    std::array<Byte, pcsc::longest_attribute> value{};
    Dword size = value.size();
    const Long result = library.get_attrib(card, pcsc::attribute_channel, value.data(), &size);
    library.disconnect(card, pcsc::leave_card);
    const auto channel = static_cast<std::uint32_t>(load_le(View(value).first(4)));
    if (result != pcsc::code::success || size != 4 || channel >> 16 != usb_channel) {
        log::debug("{}: pcscd does not tell where on USB it is", name);
        return std::nullopt;
    }
    return UsbAddress{channel >> 8 & 0xFF, channel & 0xFF};
}

}  // namespace jeton::reader
