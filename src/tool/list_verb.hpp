// jeton list: readers, cards and tokens.
#pragma once

namespace jeton::tool {

/// list_readers prints each reader with the card in it, as this program finds them. A reader or card that
/// fails is told in its row and does not stop the others.
void list_readers(bool json);

}  // namespace jeton::tool
