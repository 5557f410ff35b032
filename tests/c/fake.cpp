// Client::fake() of seekauth.hpp: a Client like any other to the code under test, and what a test does to it.

#include <atomic>
#include <memory>
#include <thread>
#include <type_traits>

#include "check.h"
#include "failure.hpp"
#include "seekauth.hpp"

using namespace std::chrono_literals;
using seekauth::Client;
using seekauth::Error;
using seekauth::FakeClient;
using seekauth::FakeOptions;
using seekauth::FakeRequest;
using seekauth::FakeResponse;
using seekauth::Graphql;
using seekauth::HttpRequest;
using seekauth::JournalEntry;
using seekauth::Response;
using seekauth::Result;

static_assert(std::is_base_of_v<Client, FakeClient> && std::is_nothrow_move_constructible_v<FakeClient>);

namespace {

const std::string REJECTED = R"({"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}]})";
const std::string DATA = R"({"data":{"self":{"id":"1"}}})";

FakeOptions named(const char *token) {
    FakeOptions options;
    options.token = token;
    options.lifetime = 60s;
    return options;
}

FakeResponse json(int status, const std::string &body) {
    FakeResponse response;
    response.status = status;
    response.headers = {{"Content-Type", "application/json"}};
    response.body = body;
    return response;
}

Graphql who() {
    Graphql operation;
    operation.query = "query Me { self { id } }";
    return operation;
}

HttpRequest echo() {
    HttpRequest request;
    request.method = "PUT";
    request.url = "/echo";
    request.body = std::string("a\0b", 3);
    return request;
}

// Code under test, which knows nothing of fakes.
std::string header_by(const Client &client) { return client.authorization(); }

void it_is_a_client() {
    const FakeClient fake = Client::fake(named("t"));
    CHECK(fake.is_fake());
    CHECK(header_by(fake) == "Bearer t" && header_by(fake) == "Bearer t");
    CHECK(fake.get_token_async().get().remaining() == 60s);
    CHECK(fake.get_token().expires_at() - fake.now() <= 60s);
    fake.advance(60s);
    CHECK(header_by(fake) == "Bearer t-2");
    CHECK(fake.stats().requests_succeeded == 2);
    CHECK(header_by(Client::fake()) == "Bearer fake-token");

    FakeOptions options = named("t");
    options.scopes = "read.employment";
    options.api_url = "http://localhost:8080/";
    const std::shared_ptr<Client> shared = std::make_shared<FakeClient>(Client::fake(options));
    CHECK(shared->api_url() == "http://localhost:8080/");
    const Client other = shared->with_scopes("write.education");
    CHECK(other.is_fake() && other.get_token().scopes() == std::vector<std::string>{"write.education"});
    // One that the code under test owns can still be told what to do.
    const Client owned = Client::fake(named("owned"));
    CHECK_OK(seekauth_fake_fail_with(owned.get(), SEEKAUTH_NETWORK, -1));
    CHECK(failure_of([&] { owned.get_token(); })->code() == SEEKAUTH_NETWORK);

    options.token = "a b";
    CHECK(failure_of([&] { Client::fake(options); })->code() == SEEKAUTH_INVALID_ARGUMENT);
    options.token = std::string("a\0b", 3);
    CHECK(failure_of([&] { Client::fake(options); })->code() == SEEKAUTH_INVALID_ARGUMENT);
    CHECK(!Client::try_fake(options) && Client::try_fake());
    CHECK(failure_of([&] { fake.advance(-1ms); })->code() == SEEKAUTH_INVALID_ARGUMENT);
    CHECK(failure_of([&] { fake.auth_flow("https://graphql.seek.com/"); })->code() == SEEKAUTH_FORBIDDEN_ORIGIN);
}

void it_fails_as_it_is_told() {
    const FakeClient fake = Client::fake();
    fake.fail_with(SEEKAUTH_THROTTLED, 7200s);
    auto error = failure_of([&] { header_by(fake); });
    CHECK(error && error->code() == SEEKAUTH_THROTTLED && error->retry_after() == 7200s);
    fake.succeed();
    fake.advance(2h);
    CHECK(header_by(fake) == "Bearer fake-token");
    fake.fail_with(SEEKAUTH_INVALID_CREDENTIALS);
    fake.advance(2h);
    error = failure_of([&] { header_by(fake); });
    CHECK(error && error->code() == SEEKAUTH_INVALID_CREDENTIALS && !error->retry_after() && !error->retryable());
    CHECK(fake.journal().back().failure == SEEKAUTH_INVALID_CREDENTIALS);
    CHECK(failure_of([&] { fake.fail_with(SEEKAUTH_OK); })->code() == SEEKAUTH_INVALID_ARGUMENT);
}

void responses_are_canned() {
    const FakeClient fake = Client::fake(named("t"));
    header_by(fake);
    fake.advance(10s);
    fake.respond({json(200, REJECTED), json(200, DATA)});
    CHECK(fake.graphql(who()).body() == DATA);
    CHECK(fake.graphql(who()).body() == DATA);
    const std::vector<JournalEntry> journal = fake.journal();
    CHECK(journal.size() == 5 && !journal[0].request && journal[0].failure == SEEKAUTH_OK && !journal[2].request);
    CHECK(journal[1].request->header("authorization") == "Bearer t");
    CHECK(journal[3].request->header("authorization") == "Bearer t-2");
    CHECK(journal[1].request->method == "POST" && journal[1].request->url == fake.api_url());
    CHECK(journal[1].request->body.find("query Me") != std::string::npos);
    CHECK(!journal[1].request->header("x-none"));

    fake.respond({json(404, "none")});
    const Response response = fake.send(echo());
    CHECK(response.status() == 404 && response.header("content-type") == "application/json");
    CHECK(failure_of([&] { fake.respond({json(-1, "")}); })->code() == SEEKAUTH_INVALID_ARGUMENT);
    fake.respond({});
    const auto error = failure_of([&] { fake.send(echo()); });
    CHECK(error && error->code() == SEEKAUTH_INVALID_ARGUMENT);
    CHECK(std::string(error->what()).find("no response") != std::string::npos);
    FakeResponse torn = json(200, "");
    torn.headers = {{"a", std::string("b\0c", 3)}};
    CHECK(failure_of([&] { fake.respond({torn}); })->code() == SEEKAUTH_INVALID_ARGUMENT);
    CHECK(failure_of([&] {
              fake.respond_with([&](const FakeRequest &) { return torn; });
              fake.send(echo());
          })->code() == SEEKAUTH_INVALID_ARGUMENT);
}

void functions_respond() {
    const FakeClient fake = Client::fake();
    auto owned = std::make_unique<int>(0);
    fake.respond_with([owned = std::move(owned)](const FakeRequest &request) {
        ++*owned;
        return json(200 + *owned, request.method + " " + request.body);
    });
    CHECK(fake.send(echo()).status() == 201);
    const Response response = fake.send_async(echo()).get();
    CHECK(response.status() == 202 && response.body() == std::string("PUT a\0b", 7));

    fake.respond_with([](const FakeRequest &) -> FakeResponse { throw Error(SEEKAUTH_NETWORK, "cut"); });
    auto error = failure_of([&] { fake.send(echo()); });
    CHECK(error && error->code() == SEEKAUTH_NETWORK);
    fake.respond_with([](const FakeRequest &) -> FakeResponse { throw std::runtime_error("a bug"); });
    error = failure_of([&] { fake.send(echo()); });
    CHECK(error && error->code() == SEEKAUTH_INVALID_ARGUMENT && !error->retryable());
    fake.respond_with([](const FakeRequest &) -> Result<FakeResponse> { return Error(SEEKAUTH_TIMEOUT, "late"); });
    CHECK(failure_of([&] { fake.send(echo()); })->code() == SEEKAUTH_TIMEOUT);
    const std::function<FakeResponse(const FakeRequest &)> none;
    CHECK(failure_of([&] { fake.respond_with(none); })->code() == SEEKAUTH_INVALID_ARGUMENT);
}

// What it captures goes with it.
void a_function_is_destroyed_with_its_client() {
    const auto captured = std::make_shared<int>(0);
    std::atomic<int> calls{0};
    {
        const FakeClient fake = Client::fake();
        fake.respond_with([captured, &calls](const FakeRequest &) {
            ++calls;
            return json(200, DATA);
        });
        CHECK(captured.use_count() == 2);
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; i++)
            threads.emplace_back([&] {
                for (int j = 0; j < 25; j++) CHECK(fake.graphql(who()).status() == 200);
            });
        for (auto &thread : threads) thread.join();
        CHECK(calls == 200 && fake.journal().size() == 201);
        fake.respond({json(200, DATA)});
        CHECK(captured.use_count() == 1);
        fake.respond_with([captured](const FakeRequest &) { return json(200, DATA); });
    }
    CHECK(captured.use_count() == 1);
}

void errors_are_made_by_hand() {
    const Error error(SEEKAUTH_THROTTLED, "slow down", 30s, 429);
    CHECK(error.code() == SEEKAUTH_THROTTLED && error.retryable() && error.retry_after() == 30s);
    CHECK(error.status() == 429 && std::string(error.what()) == "slow down");
    const Error plain(SEEKAUTH_CLOSED, "closed");
    CHECK(!plain.retryable() && !plain.retry_after() && plain.status() == 0);
}

}  // namespace

int main() {
    it_is_a_client();
    it_fails_as_it_is_told();
    responses_are_canned();
    functions_respond();
    a_function_is_destroyed_with_its_client();
    errors_are_made_by_hand();
    return checks_failed();
}
