// seekauth.hpp in a program without exceptions and without type information: every call returns its error.

#include "seekauth.hpp"

#include <future>
#include <memory>

#include "check.h"
#include "clock.h"
#include "sandbox_options.hpp"

using namespace std::chrono_literals;
using seekauth::Client;
using seekauth::Error;
using seekauth::Options;
using seekauth::Response;
using seekauth::Result;
using seekauth::Token;

#if SEEKAUTH_EXCEPTIONS
#error "this program is compiled with -fno-exceptions"
#endif

namespace {

const std::string NUL("a\0b", 3);

template <class T>
bool is_invalid(const Result<T> &result) {
    return !result && !result.has_value() && result.error().code() == SEEKAUTH_INVALID_ARGUMENT;
}

// The outcome of a call that calls back.
template <class T>
struct Arrival {
    std::promise<bool> promise{};

    auto callback() {
        return [this](std::optional<Error> error, std::optional<T> value) {
            promise.set_value(!error && value.has_value());
        };
    }
    bool is_value() { return promise.get_future().get(); }
};

void making() {
    CHECK(is_invalid(Client::try_create({})));
    CHECK(is_invalid(Client::try_from_env()));
    CHECK(is_invalid(Client::try_from_env("CPP_")) && is_invalid(Client::try_from_env(NUL)));
    Options options = api_client();
    options.user_agent = NUL;
    CHECK(is_invalid(Client::try_create(options)));
    options = api_client();
    options.credentials = [] { return seekauth::Credentials{}; };
    options.client_id.reset();
    options.client_secret.reset();
    options.timeout = 5s;
    const Result<Client> none = Client::try_create(options);
    CHECK(none && none->try_get_token().error().code() == SEEKAUTH_CREDENTIALS_UNAVAILABLE);
    options.credentials = [] {
        return seekauth::Credentials{"sandbox-playground", "sandbox-playground-secret", {}};
    };
    options.timeout = 300s;
    CHECK(Client::try_create(options)->try_get_token().has_value());
}

void tokens() {
    const Client client = *Client::try_create(api_client());
    CHECK(client.try_cached_token() && !*client.try_cached_token());
    const Result<std::string> header = client.try_authorization();
    const Result<Token> token = client.try_get_token(30s);
    CHECK(header && token && *header == token->authorization());
    CHECK(client.try_get_token().value_or(*token).value() == std::string(token->value()));
    CHECK(*client.try_invalidate("of another") == false && *client.try_invalidate(*token) == false);
    let_tokens_age();
    CHECK(*client.try_invalidate(*token));
    CHECK(is_invalid(client.try_invalidate(NUL)));
    CHECK(is_invalid(client.try_get_token(-1ms)));
    CHECK(is_invalid(client.try_with_scopes("the SEEK API has none")));
    CHECK(is_invalid(client.try_with_scopes(NUL)));

    Arrival<Token> arrival;
    Arrival<std::string> value;
    CHECK(client.try_get_token_async(arrival.callback()).has_value() && arrival.is_value());
    CHECK(client.try_authorization_async(value.callback(), 30s).has_value() && value.is_value());
    CHECK(is_invalid(client.try_get_token_async(seekauth::Callback<Token>())));
    CHECK(client.try_drain().has_value() && is_invalid(client.try_drain(-1ms)));
    CHECK(is_invalid(seekauth::try_shutdown(-1ms)));
    client.close();
    CHECK(client.try_get_token().error().code() == SEEKAUTH_CLOSED);
    CHECK(std::string(client.try_authorization().error().name()) == "closed");
}

void requests() {
    const Client client = *Client::try_create(api_client());
    seekauth::Graphql operation;
    operation.query = "{ self { partner { name } } }";
    const Result<Response> response = client.try_graphql(operation);
    CHECK(response && response->status() == 200);
    Arrival<Response> arrival, sent;
    CHECK(client.try_graphql_async(operation, arrival.callback()).has_value() && arrival.is_value());
    seekauth::HttpRequest request;
    request.method = "GET";
    request.url = "/";
    CHECK(client.try_send(request)->status() == 404);
    CHECK(client.try_send_async(request, sent.callback()).has_value() && sent.is_value());

    operation.headers = {{"X-Name", NUL}};
    request.url = NUL;
    CHECK(is_invalid(client.try_graphql(operation)));
    CHECK(is_invalid(client.try_graphql_async(operation, sent.callback())));
    CHECK(is_invalid(client.try_send(request)));
    CHECK(is_invalid(client.try_send_async(request, sent.callback())));
}

void auth_flows() {
    const Client client = *Client::try_create(api_client());
    CHECK(client.try_auth_flow("https://evil.example/").error().code() == SEEKAUTH_FORBIDDEN_ORIGIN);
    CHECK(is_invalid(client.try_auth_flow(NUL)));
    Result<seekauth::AuthFlow> flow = client.try_auth_flow(client.api_url());
    CHECK(flow.has_value());
    const Result<Token> token = flow->try_get_token();
    Arrival<Token> arrival;
    CHECK(token && flow->try_get_token_async(arrival.callback()).has_value() && arrival.is_value());
    CHECK(flow->try_check_host("evil.example").error().code() == SEEKAUTH_FORBIDDEN_ORIGIN);
    CHECK(is_invalid(flow->try_check_host(NUL)) && is_invalid(flow->try_attempt(NUL)));
    CHECK(flow->try_attempt(token->authorization())->size() == 3);
    CHECK(is_invalid(flow->try_inspect(-1)) && is_invalid(flow->try_inspect(200, NUL)));
    CHECK(flow->try_inspect(401).has_value() && flow->rejected());
    CHECK(flow->try_retry().has_value());
    CHECK(flow->try_retry().error().code() == SEEKAUTH_TOKEN_REJECTED);
}

void events() {
    const Client client = *Client::try_create(api_client());
    std::promise<std::string> first;
    CHECK(client
              .try_on_event("info",
                            [&](const seekauth::Event &event) { first.set_value(std::string(event.name())); })
              .has_value());
    CHECK(client.try_get_token().has_value() && first.get_future().get() == "token_obtained");
    CHECK(is_invalid(client.try_on_event("loud", [](const seekauth::Event &) {})));
    CHECK(is_invalid(client.try_on_event(NUL, [](const seekauth::Event &) {})));
    CHECK(is_invalid(client.try_on_event("info", std::function<void(const seekauth::Event &)>())));
    CHECK(client.try_on_event(nullptr).has_value());
    const Result<seekauth::Stats> stats = client.try_stats();
    CHECK(stats && stats->requests_succeeded == 1 && stats->requests_failed.empty());
    CHECK(stats->tokens.size() == 1 && stats->tokens[0].state == "fresh" && stats->tokens[0].remaining > 0s);
    CHECK(stats->tokens[0].obtained_at.has_value() && stats->tokens[0].last_failure == SEEKAUTH_OK);
}

void fakes() {
    seekauth::FakeOptions options;
    options.token = NUL;
    CHECK(is_invalid(Client::try_fake(options)));
    const Result<seekauth::FakeClient> fake = Client::try_fake();
    CHECK(fake && fake->is_fake() && *fake->try_authorization() == "Bearer fake-token");
    const auto now = fake->now();
    CHECK(fake->try_advance(1h).has_value() && fake->now() - now == 1h && is_invalid(fake->try_advance(-1ms)));
    CHECK(fake->try_fail_with(SEEKAUTH_NETWORK, 5s).has_value() && is_invalid(fake->try_fail_with(SEEKAUTH_OK)));
    CHECK(fake->try_get_token().error().code() == SEEKAUTH_NETWORK);
    CHECK(fake->try_succeed().has_value() && fake->try_advance(1h) && fake->try_get_token());
    seekauth::FakeResponse response;
    CHECK(is_invalid(fake->try_send({"GET", "/", {}, {}, {}})));
    response.status = 204;
    CHECK(fake->try_respond({response}) && fake->try_send({"GET", "/", {}, {}, {}})->status() == 204);
    CHECK(fake->try_respond_with([](const seekauth::FakeRequest &) { return Error(SEEKAUTH_NETWORK, "cut"); }));
    CHECK(fake->try_send({"GET", "/", {}, {}, {}}).error().code() == SEEKAUTH_NETWORK);
    CHECK(is_invalid(fake->try_respond_with(std::function<seekauth::FakeResponse(const seekauth::FakeRequest &)>())));
    CHECK(fake->try_journal()->back().request->method == "GET");
}

}  // namespace

int main() {
    fakes();
    making();
    events();
    requests();
    seekauth_test_clock_start();
    tokens();
    auth_flows();
    CHECK(seekauth::try_shutdown(300s).has_value());
    return checks_failed();
}
