// What a call throws, for programs in C++.

#ifndef FAILURE_HPP
#define FAILURE_HPP

#include <optional>

#include "seekauth.hpp"

template <class Function>
std::optional<seekauth::Error> failure_of(Function call) {
    try {
        call();
    } catch (const seekauth::Error &error) {
        return error;
    }
    return std::nullopt;
}

#endif
