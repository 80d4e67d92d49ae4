// TokenChoice: which applications of a card are tokens, where it has several.
#pragma once

#include <string>
#include <vector>

namespace jeton::card {

struct TokenChoice {
    enum class Rule {
        automatic,  ///< those that the card or a profile speaks of and that hold a key or certificate; the
                    ///< first one, if none does
        first,      ///< the first application alone: no other one is looked for
        all,        ///< all that are found, whatever they hold; each profile is tried on each card
        listed,     ///< those of |profiles|, in that order; automatic for a card that has none of them
    };
    Rule rule = Rule::automatic;
    std::vector<std::string> profiles{};  ///< ids; for listed
};

}  // namespace jeton::card
