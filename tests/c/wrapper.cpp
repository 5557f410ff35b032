// seekauth.hpp against the sandbox: every member does what its C function does, errors arrive as
// exceptions with their facts, callbacks and futures get exactly one outcome.

#include <thread>
#include <type_traits>

#include "check.h"
#include "seekauth.hpp"

using namespace std::chrono_literals;
using seekauth::Client;
using seekauth::Error;
using seekauth::Options;
using seekauth::Token;

static_assert(std::is_nothrow_copy_constructible_v<Error>, "exceptions are copied while unwinding");
static_assert(std::is_nothrow_move_constructible_v<Client> && !std::is_copy_constructible_v<Client>);

namespace {

Options pass() {
    Options options;
    options.service = "seek_pass";
    options.environment = "staging";
    options.base_url = require_env("SANDBOX_PASS_URL");
    options.client_id = "sandbox-pass";
    options.client_secret = "sandbox-pass-secret & more=100%";
    options.user_agent = "cpp-tests/1.0";
    options.scopes = "write.education";
    return options;
}

template <class Call>
std::optional<Error> failure_of(Call call) {
    try {
        call();
    } catch (const Error &error) {
        return error;
    }
    return std::nullopt;
}

void tokens() {
    const Client client(pass());
    CHECK(!client.cached_token());
    const std::string header = client.authorization();
    const Token token = client.get_token(5s);
    CHECK(header == token.authorization());
    CHECK(header == std::string("Bearer ") + token.value());
    CHECK(token.scopes() == std::vector<std::string>{"write.education"});
    CHECK(token.remaining() > 0s);
    const auto expiry = token.expires_at() - std::chrono::system_clock::now();
    CHECK(expiry > 0s && expiry <= 7200s);
    CHECK(client.cached_token()->value() == std::string(token.value()));

    CHECK(!client.invalidate("of another"));
    CHECK(client.invalidate(token));
    CHECK(client.authorization() != header);
    CHECK(!client.invalidate(header));
}

void scopes() {
    Client parent(pass());
    const Client child = parent.with_scopes("write.career_history");
    CHECK(child.get_token().scopes() == std::vector<std::string>{"write.career_history"});
    const Client moved = std::move(parent);
    CHECK(moved.get_token().scopes() == std::vector<std::string>{"write.education"});
    // Of a temporary, too: it shares what it needs.
    CHECK(Client(pass()).with_scopes("write.career_history").authorization().size() > 7);
}

void asynchronous_calls() {
    const Client client(pass());
    CHECK(client.get_token_async().get().value() != nullptr);
    CHECK(client.authorization_async(5s).get() == client.authorization());

    std::promise<std::thread::id> thread;
    client.get_token_async([&](std::optional<Error> error, std::optional<Token> token) {
        CHECK(!error && token);
        thread.set_value(std::this_thread::get_id());
    });
    CHECK(thread.get_future().get() != std::this_thread::get_id());

    std::promise<std::string> header;
    client.authorization_async([&](std::optional<Error> error, std::optional<std::string> value) {
        CHECK(!error && value);
        header.set_value(*value);
    });
    CHECK(header.get_future().get() == client.authorization());
    client.close();
    const auto closed = failure_of([&] { client.get_token_async().get(); });
    CHECK(closed && closed->code() == SEEKAUTH_CLOSED);
}

void errors() {
    Options options = pass();
    options.client_secret = "wrong";
    const auto wrong = failure_of([&] { Client(options).authorization(); });
    CHECK(wrong && wrong->code() == SEEKAUTH_INVALID_CREDENTIALS);
    CHECK(wrong && std::string(wrong->name()) == "invalid_credentials");
    CHECK(wrong && !wrong->retryable() && wrong->status() == 401 && !wrong->retry_after());
    CHECK(wrong && wrong->server_code() == "invalid_client");
    CHECK(wrong && wrong->target().find("sandbox-pass") != std::string::npos);

    options = pass();
    options.timeout = -1ms;
    const auto negative = failure_of([&] { Client client(options); });
    CHECK(negative && negative->code() == SEEKAUTH_INVALID_ARGUMENT);
    options = pass();
    options.user_agent = std::string("cpp\0tests/1", 11);
    const auto nul = failure_of([&] { Client client(options); });
    CHECK(nul && nul->code() == SEEKAUTH_INVALID_ARGUMENT);
    CHECK(nul && std::string(nul->what()).find("user_agent") == 0);

    Client client(pass());
    const Client moved = std::move(client);
    const auto gone = failure_of([&] { client.get_token(); });
    CHECK(gone && gone->code() == SEEKAUTH_INVALID_ARGUMENT);
}

}  // namespace

int main() {
    tokens();
    scopes();
    asynchronous_calls();
    errors();
    return checks_failed();
}
