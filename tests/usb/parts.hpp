// What a test on the emulated USB bus lets other processes do.
#pragma once

#include <string>
#include <vector>

namespace jeton::test {

/// Part names work for a process of its own, which is this program again with the part's name as its only
/// argument: no fork of the test, whose emulated bus has threads, and a fork may find what they locked locked
/// for ever. The work gives 0 when all was well; it has two minutes. Parts are made before main.
struct Part {
    Part(const char* name, int (*work)());
};

/// play runs parts, all at once, and gives how each ended: its status, or 128 + the signal.
std::vector<int> play(const std::vector<std::string>& names);

}  // namespace jeton::test
