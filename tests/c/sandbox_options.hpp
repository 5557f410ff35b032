// Options of clients of the sandbox, for programs in C++; check.h has those for C.

#ifndef SANDBOX_OPTIONS_HPP
#define SANDBOX_OPTIONS_HPP

#include <chrono>

#include "check.h"
#include "seekauth.hpp"

// Deadlines that no machine misses, however busy it is and slow under valgrind.
inline seekauth::Options patient_client() {
    seekauth::Options options;
    options.timeout = std::chrono::seconds(300);
    options.request_timeout = std::chrono::seconds(120);
    options.connect_timeout = std::chrono::seconds(120);
    return options;
}

// A client of the sandbox's SEEK API.
inline seekauth::Options api_client() {
    seekauth::Options options = patient_client();
    options.service = "seek_api";
    options.environment = "playground";
    options.token_url = require_env("SANDBOX_TOKEN_URL");
    options.api_url = require_env("SANDBOX_GRAPHQL_URL");
    options.client_id = "sandbox-playground";
    options.client_secret = "sandbox-playground-secret";
    options.user_agent = "cpp-tests/1.0";
    return options;
}

#endif
