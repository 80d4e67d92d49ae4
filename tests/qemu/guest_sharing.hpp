// Processes that share one reader, in the guest: what must hold, measured. Each function throws when it does
// not. The first word is the path of the module.
#pragma once

#include <string>
#include <vector>

namespace jeton::test {

/// share MODULE PROCESSES SIGNATURES BURST PAUSE: processes that sign in bursts, with a pause of that many
/// milliseconds between two; prints throughput, waits and how often the reader went from one to another.
void share(const std::vector<std::string>& words);

/// share_with_killed MODULE PROCESSES SIGNATURES KILLS: as many others are killed at random while they sign;
/// nobody else loses a signature.
void share_with_killed(const std::vector<std::string>& words);

/// share_with_stranger MODULE: a process that did not log in cannot sign while others do.
void share_with_stranger(const std::vector<std::string>& words);

/// hand_over MODULE asked|kept: after another process used the card, the login is gone, or is still there.
void hand_over(const std::vector<std::string>& words);

/// outlive_orphan MODULE: a process is killed in mid-transfer; its forked child lives, and the reader is
/// free.
void outlive_orphan(const std::vector<std::string>& words);

}  // namespace jeton::test
