// Compressed certificates (SP 800-73-4 part 1, appendix A: CertInfo).
#pragma once

#include <cstddef>
#include <optional>

#include "util/bytes.hpp"

namespace jeton {

/// is_compressed tells whether |data| begins as gzip (RFC 1952) or zlib (RFC 1950) data.
bool is_compressed(View data);

/// decompress undoes gzip or zlib; nullopt when the data are damaged or would grow beyond |limit| bytes.
std::optional<Bytes> decompress(View data, std::size_t limit);

/// compress makes gzip data.
Bytes compress(View data);

}  // namespace jeton
