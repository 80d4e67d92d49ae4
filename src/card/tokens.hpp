// The tokens of one inserted card: the applications that are offered.
#pragma once

#include <memory>
#include <vector>

#include "card/card.hpp"

namespace jeton::card {

/// recognise_tokens gives a Card for each token of the card in |link|: none when no profile knows it. Of
/// several applications it leaves out those that hold nothing where |choice| says so, and reads what a token
/// is asked for without a login, so that nobody has to switch to it for that. It tells the link how many
/// there are (CardLink::tell_tokens). |patience| is the wait for each Lease. Throws reader::Error.
std::vector<std::unique_ptr<Card>> recognise_tokens(reader::CardLink& link, const ProfileSet& profiles,
                                                    const TokenChoice& choice,
                                                    Milliseconds patience = Milliseconds(30000));

/// recognise_again is Card::again with that read too.
std::unique_ptr<Card> recognise_again(const Card& ended, const ProfileSet& profiles);

}  // namespace jeton::card
