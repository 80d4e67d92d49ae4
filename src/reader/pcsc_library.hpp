// The functions of libpcsclite, the client library of pcscd, found at run time: nothing links to it, and
// where it is not installed there simply is no PC/SC. Names and numbers are those of the PC/SC specification,
// part 5, as pcsc-lite has them on Linux.
#pragma once

#include <string>

#include "reader/error.hpp"
#include "util/bytes.hpp"

namespace jeton::reader::pcsc {

using Long = long;
using Dword = unsigned long;

inline constexpr Dword scope_system = 2;
inline constexpr Dword share_shared = 2;
inline constexpr Dword share_direct = 3;
inline constexpr Dword protocol_t0 = 1;
inline constexpr Dword protocol_t1 = 2;
inline constexpr Dword leave_card = 0;
inline constexpr Dword reset_card = 1;

/// What get_status_change tells in ReaderState::event; the upper 16 bits count insertions and removals.
inline constexpr Dword state_unknown = 0x0004;
inline constexpr Dword state_unavailable = 0x0008;
inline constexpr Dword state_present = 0x0020;

inline constexpr Dword attribute_atr = 0x0009'0303;
inline constexpr Dword attribute_channel = 0x0002'0110;

/// longest_attribute is the most that pcscd takes as the size of an attribute's buffer.
inline constexpr std::size_t longest_attribute = 264;
/// longest_response of an extended APDU, and then some, as pcscd counts.
inline constexpr std::size_t longest_response = 65548;

namespace code {
inline constexpr Long success = 0;
inline constexpr Long invalid_handle = 0x8010'0003;
inline constexpr Long unknown_reader = 0x8010'0009;
inline constexpr Long sharing_violation = 0x8010'000B;
inline constexpr Long no_smartcard = 0x8010'000C;
inline constexpr Long not_transacted = 0x8010'0016;
inline constexpr Long reader_unavailable = 0x8010'0017;
inline constexpr Long unsupported_feature = 0x8010'001F;
inline constexpr Long no_service = 0x8010'001D;
inline constexpr Long no_readers = 0x8010'002E;
inline constexpr Long reset_card = 0x8010'0068;
inline constexpr Long removed_card = 0x8010'0069;
}  // namespace code

/// ReaderState is SCARD_READERSTATE.
struct ReaderState {
    const char* name = nullptr;
    void* user = nullptr;
    Dword current = 0;
    Dword event = 0;
    Dword atr_size = 0;
    Byte atr[33] = {};
};

/// IoRequest is SCARD_IO_REQUEST, a protocol and the size of this structure.
struct IoRequest {
    Dword protocol = 0;
    Dword size = sizeof(IoRequest);
};

/// Library is the functions, each named as SCard... without the prefix. None is null.
struct Library {
    Long (*establish_context)(Dword scope, const void* unused, const void* unused_too, Long* context);
    Long (*release_context)(Long context);
    Long (*list_readers)(Long context, const char* groups, char* names, Dword* size);
    Long (*get_status_change)(Long context, Dword timeout, ReaderState* states, Dword count);
    Long (*connect)(Long context, const char* reader, Dword share, Dword protocols, Long* card,
                    Dword* protocol);
    Long (*reconnect)(Long card, Dword share, Dword protocols, Dword initialization, Dword* protocol);
    Long (*disconnect)(Long card, Dword disposition);
    Long (*begin_transaction)(Long card);
    Long (*end_transaction)(Long card, Dword disposition);
    Long (*status)(Long card, char* names, Dword* names_size, Dword* state, Dword* protocol, Byte* atr,
                   Dword* atr_size);
    Long (*transmit)(Long card, const IoRequest* send_as, const Byte* command, Dword command_size,
                     IoRequest* received_as, Byte* response, Dword* response_size);
    Long (*control)(Long card, Dword code, const void* input, Dword input_size, void* output,
                    Dword output_size, Dword* returned);
    Long (*get_attrib)(Long card, Dword attribute, Byte* value, Dword* size);
};

/// system_library is the installed one, loaded at the first call and never unloaded; nullptr without one.
const Library* system_library();

/// service_lost tells whether |result| means that pcscd is not there (any more): contexts and handles are
/// worth nothing then.
bool service_lost(Long result);

/// error_of makes of |result|, which is no success, what the layers above know; |what| says what was tried.
Error error_of(Long result, const std::string& what);

}  // namespace jeton::reader::pcsc
