// seekauth.hpp against the sandbox: every member does what its C function does, errors arrive as
// exceptions with their facts, callbacks and futures get exactly one outcome.

#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>
#include <type_traits>

#include "check.h"
#include "clock.h"
#include "failure.hpp"
#include "sandbox_options.hpp"
#include "seekauth.hpp"

using namespace std::chrono_literals;
using seekauth::AuthFlow;
using seekauth::Client;
using seekauth::Error;
using seekauth::Graphql;
using seekauth::Headers;
using seekauth::HttpRequest;
using seekauth::Options;
using seekauth::Response;
using seekauth::Token;

static_assert(std::is_nothrow_copy_constructible_v<Error>, "exceptions are copied while unwinding");
static_assert(std::is_nothrow_move_constructible_v<AuthFlow> && !std::is_copy_constructible_v<AuthFlow>);
static_assert(std::is_nothrow_move_constructible_v<Client> && !std::is_copy_constructible_v<Client>);

namespace {

Options pass() {
    Options options = patient_client();
    options.service = "seek_pass";
    options.environment = "staging";
    options.base_url = require_env("SANDBOX_PASS_URL");
    options.client_id = "sandbox-pass";
    options.client_secret = "sandbox-pass-secret & more=100%";
    options.user_agent = "cpp-tests/1.0";
    options.scopes = "write.education";
    return options;
}

Options api() {
    Options options = api_client();
    options.accept_language = "en-AU";
    return options;
}

HttpRequest submission() {
    HttpRequest request;
    request.method = "POST";
    request.url = "/api/partner/v1/add/education.json";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = R"({"id": "cpp-tests-1"})";
    return request;
}

Graphql who() {
    Graphql operation;
    operation.query = "query Who { self { partner { name } } }";
    operation.operation_name = "Who";
    operation.variables = "{}";
    operation.headers = {{"Accept-Language", "th-TH"}};
    operation.timeout = 300s;
    return operation;
}

void tokens() {
    const Client client(pass());
    CHECK(!client.cached_token());
    const std::string header = client.authorization();
    const Token token = client.get_token(30s);
    CHECK(header == token.authorization());
    CHECK(header == std::string("Bearer ") + token.value());
    CHECK(token.scopes() == std::vector<std::string>{"write.education"});
    CHECK(token.remaining() > 0s);
    const auto expiry = token.expires_at() - std::chrono::system_clock::now();
    CHECK(expiry > 0s && expiry <= 7200s);
    CHECK(client.cached_token()->value() == std::string(token.value()));

    CHECK(!client.invalidate("of another"));
    CHECK(!client.invalidate(token));
    let_tokens_age();
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
    CHECK(client.authorization_async(30s).get() == client.authorization());

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

// A variable that is not set is no text, wherever text goes in.
void absent_text() {
    const char *const absent = std::getenv("SEEKAUTH_TESTS_HAVE_NO_SUCH_VARIABLE");
    CHECK(absent == nullptr);
    Options options = pass();
    options.base_url = absent;
    CHECK(!options.base_url && !options.base_url.has_value() && options.base_url == std::nullopt);
    CHECK(options.base_url.value_or("none") == "none");
    const auto missing = failure_of([&] { Client client(options); });
    CHECK(!missing);  // staging has an address of its own
    options.client_secret = absent;
    const auto secret = failure_of([&] { Client client(options); });
    CHECK(secret && std::string(secret->what()).find("client_secret") != std::string::npos);

    const Client client(pass());
    HttpRequest request = submission();
    request.url = absent;
    const auto url = failure_of([&] { client.send(request); });
    CHECK(url && url->code() == SEEKAUTH_INVALID_ARGUMENT && std::string(url->what()).find("url") == 0);
    Graphql operation = who();
    operation.query = absent;
    const auto query = failure_of([&] { client.graphql(operation); });
    CHECK(query && std::string(query->what()).find("query") == 0);
    for (const auto &failure :
         {failure_of([&] { client.with_scopes(absent); }), failure_of([&] { client.invalidate(absent); }),
          failure_of([&] { client.auth_flow(absent); }),
          failure_of([&] { client.auth_flow(client.api_url()).check_host(absent); }),
          failure_of([&] { client.auth_flow(client.api_url()).attempt(absent); })})
        CHECK(failure && failure->code() == SEEKAUTH_INVALID_ARGUMENT);

    // What a std::optional<std::string> took and gave, it takes and gives.
    const std::string text = "text";
    seekauth::Text of[] = {text, "text", std::string_view(text), std::optional<std::string>(text)};
    for (const auto &each : of) CHECK(each == text && *each == text && each->size() == 4);
    const std::optional<std::string> back = of[0];
    CHECK(back == text);
    of[0].reset();
    CHECK(!of[0] && of[0] != of[1]);
    of[0] = {};
    CHECK(of[0] == std::nullopt);
}

void environment() {
    for (const auto &[name, value] :
         Headers{{"CPP_SERVICE", "seek_pass"}, {"CPP_ENVIRONMENT", "staging"}, {"CPP_CLIENT_ID", "id"},
                 {"CPP_CLIENT_SECRET", "of-nobody"}, {"CPP_USER_AGENT", "cpp-tests/1.0"}, {"CPP_SCOPES", "a.b"}})
        CHECK(setenv(name.c_str(), value.c_str(), 1) == 0);
    CHECK(Client::from_env("CPP_").warnings().empty());
    CHECK(setenv("CPP_SCOPE", "a.b", 1) == 0);
    CHECK(Client::from_env(std::string("CPP_")).warnings().find("CPP_SCOPES?") != std::string::npos);
    const auto none = failure_of([] { Client::from_env(); });
    CHECK(none && none->code() == SEEKAUTH_INVALID_ARGUMENT);
    const auto absent = failure_of([] { Client::from_env(std::getenv("SEEKAUTH_TESTS_HAVE_NO_SUCH_VARIABLE")); });
    CHECK(absent && std::string(absent->what()).find("prefix") == 0);
}

// An error that a program makes knows what is known of its code.
void errors_by_code() {
    CHECK(Error(SEEKAUTH_THROTTLED, "x").retryable());
    CHECK(Error(SEEKAUTH_NETWORK, "x").retryable());
    CHECK(!Error(SEEKAUTH_CLOSED, "x").retryable());
    const Error unknown(12345, "x");
    CHECK(!unknown.retryable() && unknown.name() == nullptr && unknown.status() == 0);
}

// Function objects that can only be moved, and empty ones.
void callbacks_of_any_kind() {
    const Client client(pass());
    auto owned = std::make_unique<std::promise<std::string>>();
    auto header = owned->get_future();
    client.authorization_async(
        [owned = std::move(owned)](std::optional<Error> error, std::optional<std::string> value) {
            CHECK(!error && value);
            owned->set_value(*value);
        });
    CHECK(header.get() == client.authorization());

    std::promise<bool> has_token;
    seekauth::Callback<Token> kept = [&](auto, std::optional<Token> token) {
        has_token.set_value(token.has_value());
    };
    client.get_token_async(kept, 30s);
    CHECK(has_token.get_future().get());

    kept = nullptr;
    void (*pointer)(std::optional<Error>, std::optional<Token>) = nullptr;
    for (const auto &failure : {failure_of([&] { client.get_token_async(kept); }),
                                failure_of([&] { client.get_token_async(pointer); })})
        CHECK(failure && failure->code() == SEEKAUTH_INVALID_ARGUMENT);

    Options options = pass();
    auto secret = std::make_unique<std::string>(*options.client_secret);
    options.client_id.reset();
    options.client_secret.reset();
    options.credentials = [secret = std::move(secret)] {
        return seekauth::Credentials{"sandbox-pass", *secret, {}};
    };
    CHECK(options.credentials && Client(options).get_token().remaining() > 0s);
    options.credentials = [] { return seekauth::Credentials{std::getenv("SEEKAUTH_TESTS_NONE"), "", {}}; };
    options.timeout = 5s;
    const auto none = failure_of([&] { Client(options).get_token(); });
    CHECK(none && none->code() == SEEKAUTH_CREDENTIALS_UNAVAILABLE);
}

// A class that starts calls whose callbacks use it. Its destructor needs to do nothing for that.
class Service {
public:
    explicit Service(const Options &options) : client_(options) {}

    void start() {
        for (int i = 0; i < 8; i++)
            client_.get_token_async([this](std::optional<Error> error, std::optional<Token>) {
                outcomes_.push_back(error ? error->code() : SEEKAUTH_OK);
            });
    }

private:
    std::vector<int> outcomes_{};
    Client client_;
};

void endings() {
    for (int i = 0; i < 20; i++) {
        Service service(pass());
        service.start();
    }
    {
        Service service(pass());
        service.start();
        // Moved into the place of another, the other's callbacks have returned.
        std::optional<Client> client(std::in_place, pass());
        std::vector<int> outcomes;
        client->get_token_async([&](auto error, auto) { outcomes.push_back(error ? error->code() : 0); });
        *client = Client(pass());
        CHECK(outcomes.size() == 1);
        client->get_token_async([&](auto error, auto) { outcomes.push_back(error ? error->code() : 0); });
        client->drain(300s);
        CHECK(outcomes.size() == 2 && outcomes[1] == SEEKAUTH_OK);
        client.reset();
    }
    const Client client(pass());
    std::promise<std::optional<Error>> drained;
    client.get_token_async([&](auto, auto) { drained.set_value(failure_of([&] { client.drain(); })); });
    const auto in_callback = drained.get_future().get();
    CHECK(in_callback && in_callback->code() == SEEKAUTH_INVALID_ARGUMENT);
    seekauth::shutdown(300s);
    CHECK(client.with_scopes("write.career_history").get_token(300s).remaining() > 0s);
    seekauth::shutdown();
}

void sending() {
    const Client client(pass());
    HttpRequest request = submission();
    const Response response = client.send(request);
    CHECK(response.status() == 201);
    CHECK(response.body().find("redirect_uri") != std::string_view::npos);
    CHECK(response.header("Content-Type").value_or("").find("application/json") == 0);
    CHECK(!response.header("x-none"));
    for (const auto &[name, value] : response.headers()) CHECK(response.header(name) == value);
    CHECK(!response.headers().empty());

    CHECK(client.send_async(request).get().status() == 201);
    std::promise<int> status;
    client.send_async(request, [&](std::optional<Error> error, std::optional<Response> response) {
        CHECK(!error && response);
        status.set_value(response->status());
    });
    CHECK(status.get_future().get() == 201);

    // Embedded NULs are part of a body, and of nothing else.
    request.body = std::string("a\0b", 3);
    CHECK(client.send(request).status() != 0);
    request.url = std::string("/a\0b", 4);
    const auto nul = failure_of([&] { client.send(request); });
    CHECK(nul && nul->code() == SEEKAUTH_INVALID_ARGUMENT);
    request = submission();
    request.headers.emplace_back("X-Name", std::string("a\0b", 3));
    const auto in_header = failure_of([&] { client.send_async(request); });
    CHECK(in_header && in_header->code() == SEEKAUTH_INVALID_ARGUMENT);

    request = submission();
    request.url = require_env("SANDBOX_GRAPHQL_URL");
    const auto elsewhere = failure_of([&] { client.send(request); });
    CHECK(elsewhere && elsewhere->code() == SEEKAUTH_FORBIDDEN_ORIGIN);
    const auto later = failure_of([&] { client.send_async(request).get(); });
    CHECK(later && later->code() == SEEKAUTH_FORBIDDEN_ORIGIN);
    request = submission();
    request.timeout = -1ms;
    const auto negative = failure_of([&] { client.send(request); });
    CHECK(negative && negative->code() == SEEKAUTH_INVALID_ARGUMENT);
}

void graphql() {
    Client client(api());
    const Response response = client.graphql(who());
    CHECK(response.status() == 200 && response.headers().empty());
    CHECK(response.body().find("\"data\"") != std::string_view::npos);
    CHECK(client.graphql_async(who()).get().body() == response.body());
    std::promise<std::string> body;
    client.graphql_async(who(), [&](std::optional<Error> error, std::optional<Response> response) {
        CHECK(!error && response);
        body.set_value(std::string(response->body()));
    });
    CHECK(body.get_future().get() == response.body());

    Graphql operation = who();
    operation.variables = "[]";
    const auto variables = failure_of([&] { client.graphql(operation); });
    CHECK(variables && variables->code() == SEEKAUTH_INVALID_ARGUMENT);
    client.close();
    const auto closed = failure_of([&] { client.graphql_async(who()).get(); });
    CHECK(closed && closed->code() == SEEKAUTH_CLOSED);
}

void auth_flows() {
    const Client client(api());
    AuthFlow flow = client.auth_flow(client.api_url());
    const Token first = flow.get_token();
    CHECK(first.authorization() == client.authorization());
    const std::string authority = client.api_url().substr(sizeof "http://" - 1);
    flow.check_host(authority.substr(0, authority.find('/')));
    const auto host = failure_of([&] { flow.check_host("evil.example"); });
    CHECK(host && host->code() == SEEKAUTH_FORBIDDEN_ORIGIN);
    const auto header = failure_of([&] { flow.attempt(first.authorization(), {{"Host", "evil.example"}}); });
    CHECK(header && header->code() == SEEKAUTH_FORBIDDEN_ORIGIN);
    const Headers headers = flow.attempt(first.authorization(), {{"X-Own", "1"}});
    CHECK(headers.size() == 5 && headers[0] == Headers::value_type("X-Own", "1"));
    CHECK(flow.inspect(200, client.api_url()));
    CHECK(flow.feed(R"({"errors": [{"extensions": )"));
    CHECK(!flow.feed(R"({"code": "UNAUTHENTICATED"}}]})"));
    CHECK(flow.rejected());
    // It had just been issued: the same once more, when it is older.
    flow.retry();
    const Token second = flow.get_token(30s);
    CHECK(second.value() == std::string(first.value()));
    CHECK(flow.get_token_async().get().value() == std::string(first.value()));
    CHECK(flow.attempt(second.authorization()).size() == 4);
    CHECK(flow.inspect(200));
    CHECK(!flow.feed(R"({"data": {}})"));
    CHECK(!flow.rejected());
    const auto twice = failure_of([&] { flow.retry(); });
    CHECK(twice && twice->code() == SEEKAUTH_TOKEN_REJECTED);
    const auto elsewhere = failure_of([&] { client.auth_flow("https://evil.example/"); });
    CHECK(elsewhere && elsewhere->code() == SEEKAUTH_FORBIDDEN_ORIGIN);
    // An older one is renewed.
    let_tokens_age();
    AuthFlow older = client.auth_flow(client.api_url());
    older.attempt(second.authorization());
    older.retry();
    std::promise<std::string> renewed;
    older.get_token_async([&](std::optional<Error> error, std::optional<Token> token) {
        CHECK(!error && token);
        renewed.set_value(token->value());
    });
    CHECK(renewed.get_future().get() != second.value());
    AuthFlow stream = client.auth_flow(client.api_url(), false);
    stream.attempt("Bearer one");
    const auto once = failure_of([&] { stream.retry(); });
    CHECK(once && once->code() == SEEKAUTH_TOKEN_REJECTED);
}

}  // namespace

// The function is copied into the client and called for each token request; what it throws is a failure
// and nothing more.
void credentials() {
    Options options = pass();
    const seekauth::Credentials known{*options.client_id, *options.client_secret, std::nullopt};
    const auto calls = std::make_shared<std::atomic<int>>(0);
    options.client_id.reset();
    options.client_secret.reset();
    options.credentials = [calls, known] {
        if (++*calls == 1) throw std::runtime_error(*known.client_secret);
        return known;
    };
    {
        const Client client(options);
        options.credentials = nullptr;
        CHECK(client.warnings().empty());
        // The first call's failure may pass, so it is asked again.
        CHECK(client.get_token().scopes() == std::vector<std::string>{"write.education"});
    }
    CHECK(*calls == 2);
}

// What a client does is told to a function, which may throw, and counted.
void events() {
    std::vector<std::string> names;
    std::thread::id thread;
    const auto kept = std::make_shared<int>(0);
    {
        const Client client(pass());
        client.on_event("debug", [&, kept, once = std::make_unique<int>(1)](const seekauth::Event &event) {
            names.emplace_back(event.name());
            thread = std::this_thread::get_id();
            if (event.name() == "token_request") {
                CHECK(event.level() == "debug" && event.message().find("got a token") == 0);
                CHECK(event.field("result") == "ok" && event.number("status") == 200 && !event.number("result"));
                CHECK(event.number("attempt") == 1 && event.number("duration").has_value());
                CHECK(event.fields().size() >= 9 && event.fields()[0].first == "client");
                CHECK(event.time() <= std::chrono::system_clock::now() + 60s);
            }
            throw std::runtime_error("of the program");
        });
        client.authorization();
        client.drain();
        CHECK((names == std::vector<std::string>{"token_request", "token_obtained"}));
        CHECK(thread != std::this_thread::get_id());
        CHECK(kept.use_count() == 2);
        client.on_event(nullptr);
        CHECK(kept.use_count() == 1);
        client.on_event("info", std::function<void(const seekauth::Event &)>([](const auto &) {}));
        const auto loud = failure_of([&] { client.on_event("loud", [](const seekauth::Event &) {}); });
        CHECK(loud && loud->code() == SEEKAUTH_INVALID_ARGUMENT);
        const auto empty = failure_of([&] {
            client.on_event("info", std::function<void(const seekauth::Event &)>());
        });
        CHECK(empty && empty->code() == SEEKAUTH_INVALID_ARGUMENT);
    }
    CHECK(names.size() == 2);
    Options refused = pass();
    refused.base_url = "http://127.0.0.1:9";
    const Client client(refused);
    CHECK(failure_of([&] { client.get_token(); })->code() == SEEKAUTH_NETWORK);
    const seekauth::Stats stats = client.stats();
    CHECK(stats.requests_succeeded == 0 && stats.waits == 1 && stats.waiting == 0 && stats.waited > 0ms);
    CHECK(stats.requests_failed.size() == 1 && stats.requests_failed[0].first == SEEKAUTH_NETWORK);
    CHECK(stats.requests_failed[0].second == 3 && stats.tokens.size() == 1);
    const seekauth::TokenStats &token = stats.tokens[0];
    CHECK(token.scopes == "write.education" && token.state == "none" && !token.requesting);
    CHECK(!token.remaining && !token.obtained_at && token.last_failure == SEEKAUTH_NETWORK);
}

// A function may use what goes right after the client.
void the_end_of_one_that_is_told() {
    for (int i = 0; i < 50; i++) {
        std::vector<std::string> names;
        std::promise<void> running;
        bool is_done = false;
        {
            const Client client(pass());
            client.on_event("debug", [&](const seekauth::Event &event) {
                if (names.empty()) running.set_value();
                names.emplace_back(event.name());
                std::this_thread::yield();
                is_done = true;
            });
            client.get_token_async();
            running.get_future().wait();
        }
        CHECK(is_done && !names.empty());
    }
}

int main() {
    events();
    the_end_of_one_that_is_told();
    credentials();
    scopes();
    asynchronous_calls();
    errors();
    errors_by_code();
    absent_text();
    environment();
    callbacks_of_any_kind();
    endings();
    sending();
    graphql();
    seekauth_test_clock_start();
    tokens();
    auth_flows();
    return checks_failed();
}
