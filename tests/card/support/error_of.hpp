// What a test of the card layer expects to be thrown.
#pragma once

#include <gtest/gtest.h>

#include "card/error.hpp"

namespace jeton::card {

/// error_of runs |function|, which must throw an Error.
template <typename Function>
Error error_of(Function&& function) {
    try {
        function();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {Error::Kind::status, Verb::select, ""};
}

}  // namespace jeton::card
