// Carries out the case runner's requests with seekauth.hpp and prints what it saw. It decides nothing;
// tests/conformance/cases/README.md describes the protocol.

#include <algorithm>
#include <cctype>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <thread>

#include <unistd.h>

#include "provider.h"
#include "seekauth.hpp"

using seekauth::Client;
using seekauth::Error;
using seekauth::Graphql;
using seekauth::HttpRequest;
using seekauth::milliseconds;
using seekauth::Options;
using seekauth::Response;
using seekauth::Token;

namespace {

struct Pending {
    seekauth::Call call;
    std::future<Token> result;
};

std::map<std::string, Client> clients;
std::map<std::string, Pending> calls;

// The driver and the agent do not understand each other.
struct Misuse : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class Value>
Value &find(std::map<std::string, Value> &in, const char *key) {
    const auto found = in.find(text(key));
    if (found == in.end()) throw Misuse("agent: no such " + std::string(key));
    return found->second;
}

const Client &client() { return find(clients, "client"); }

milliseconds timeout() { return milliseconds(static_cast<milliseconds::rep>(number("timeout_ms"))); }

void ok() { std::printf("ok"); }

void ok(const char *name, const std::string &value) {
    ok();
    put(name, value.c_str());
}

void respond(const Error &error) {
    std::printf("error");
    put_number("code", error.code());
    put("name", error.name());
    put("retryable", error.retryable() ? "true" : "false");
    put("message", error.what());
    if (error.retry_after()) put_number("retry_after_ms", error.retry_after()->count());
    if (error.status() != 0) put_number("status", error.status());
    if (!error.server_code().empty()) put("server_code", error.server_code().c_str());
    if (!error.target().empty()) put("target", error.target().c_str());
    if (!error.request_id().empty()) put("request_id", error.request_id().c_str());
    if (!error.server_message().empty()) put("server_message", error.server_message().c_str());
    if (!error.server_path().empty()) put("server_path", error.server_path().c_str());
}

void respond(const Token &token) {
    std::string scopes;
    for (const auto &scope : token.scopes()) scopes += (scopes.empty() ? "" : " ") + scope;
    const auto expiry = token.expires_at().time_since_epoch();
    ok();
    put("value", token.value());
    put("authorization", token.authorization());
    put("scopes", scopes.c_str());
    put_number("remaining_ms", token.remaining().count());
    put_number("expires_at_ms", std::chrono::duration_cast<milliseconds>(expiry).count());
}

milliseconds duration(const std::string &value) {
    char *end = nullptr;
    const auto count = std::strtoll(value.c_str(), &end, 10);
    if (value.empty() || *end != '\0') throw Misuse("agent: not a number of milliseconds");
    return milliseconds(count);
}

void set(Options &options, const std::string &name, const std::string &value) {
    const std::map<std::string, seekauth::Text Options::*> texts = {
        {"service", &Options::service},
        {"environment", &Options::environment},
        {"client_id", &Options::client_id},
        {"client_secret", &Options::client_secret},
        {"user_agent", &Options::user_agent},
        {"scopes", &Options::scopes},
        {"audience", &Options::audience},
        {"base_url", &Options::base_url},
        {"token_url", &Options::token_url},
        {"api_url", &Options::api_url},
        {"token_endpoint_auth_method", &Options::token_endpoint_auth_method},
        {"token_request_format", &Options::token_request_format},
        {"extra_parameters", &Options::extra_parameters},
        {"ca_file", &Options::ca_file},
        {"accept_language", &Options::accept_language},
        {"client_secret_next", &Options::client_secret_next},
        {"client_id_file", &Options::client_id_file},
        {"client_secret_file", &Options::client_secret_file},
        {"client_secret_next_file", &Options::client_secret_next_file},
        {"credentials_file", &Options::credentials_file},
        {"credentials_command", &Options::credentials_command},
        {"client_certificate_file", &Options::client_certificate_file},
        {"client_key_file", &Options::client_key_file},
        {"proxy", &Options::proxy},
        {"store", &Options::store},
        {"store_key_file", &Options::store_key_file},
        {"store_password_file", &Options::store_password_file},
        {"store_ca_file", &Options::store_ca_file},
        {"store_prefix", &Options::store_prefix},
    };
    const std::map<std::string, milliseconds Options::*> durations = {
        {"timeout_ms", &Options::timeout},
        {"request_timeout_ms", &Options::request_timeout},
        {"connect_timeout_ms", &Options::connect_timeout},
        {"refresh_margin_ms", &Options::refresh_margin},
    };
    const std::map<std::string, bool Options::*> flags = {
        {"allow_non_expiring", &Options::allow_non_expiring},
        {"stay_warm", &Options::stay_warm},
    };
    if (const auto found = texts.find(name); found != texts.end())
        options.*found->second = value;
    else if (const auto found = durations.find(name); found != durations.end())
        options.*found->second = duration(value);
    else if (const auto found = flags.find(name); found != flags.end())
        options.*found->second = value == "true";
    else
        throw Misuse("agent: unknown setting " + name);
}

void keep(Client made) {
    clients.insert_or_assign(text("handle"), std::move(made));
    ok();
}

bool hangs(provider &from) {
    pthread_mutex_lock(&from.lock);
    const bool hangs = from.hangs;
    from.calls += hangs ? 1 : 0;
    pthread_mutex_unlock(&from.lock);
    return hangs;
}

seekauth::Credentials ask(provider &from) {
    while (hangs(from)) pause();
    struct Lock {
        pthread_mutex_t *lock;
        explicit Lock(pthread_mutex_t *of) : lock(of) { pthread_mutex_lock(lock); }
        ~Lock() { pthread_mutex_unlock(lock); }
    } lock(&from.lock);
    from.calls++;
    if (!from.finds) throw std::runtime_error("agent: nothing provided");
    seekauth::Credentials found{from.client_id, from.client_secret, std::nullopt};
    if (from.has_next) found.client_secret_next = from.client_secret_next;
    return found;
}

void new_client() {
    Options options;
    for (std::size_t i = 0; i < request.count; i++) {
        const std::string name = request.names[i];
        if (name == "provider")
            options.credentials = [from = find_provider(request.values[i])] { return ask(*from); };
        else if (name != "handle" && name != "provider_async")
            set(options, name, request.values[i]);
    }
    keep(Client(options));
}

void get_cached_token() {
    const auto token = client().cached_token();
    if (token)
        respond(*token);
    else
        ok("none", "true");
}

void begin() {
    auto promise = std::make_shared<std::promise<Token>>();
    auto result = promise->get_future();
    auto call = client().get_token_async(
        [promise](std::optional<Error> error, std::optional<Token> token) {
            if (error)
                promise->set_exception(std::make_exception_ptr(*error));
            else
                promise->set_value(*token);
        },
        timeout());
    calls.insert_or_assign(text("id"), Pending{std::move(call), std::move(result)});
    ok();
}

void join() {
    auto result = std::move(find(calls, "id").result);
    calls.erase(text("id"));
    respond(result.get());
}

// The value that a call ends with, or nothing if it fails.
template <class Get>
std::string value_of(Get get) {
    try {
        return get().value();
    } catch (const Error &) {
        return {};
    }
}

void burst() {
    const auto &shared = client();
    std::vector<std::string> values(number("n"));
    if (flag("async")) {
        std::vector<std::future<Token>> results;
        for (std::size_t i = 0; i < values.size(); i++) results.push_back(shared.get_token_async());
        for (std::size_t i = 0; i < values.size(); i++)
            values[i] = value_of([&] { return results[i].get(); });
    } else {
        std::vector<std::thread> threads;
        const auto count = std::min<std::size_t>(values.size(), 200);
        for (std::size_t first = 0; first < count; first++)
            threads.emplace_back([&shared, &values, first, count] {
                for (std::size_t i = first; i < values.size(); i += count)
                    values[i] = value_of([&] { return shared.get_token(); });
            });
        for (auto &thread : threads) thread.join();
    }
    const auto errors = std::count(values.begin(), values.end(), std::string());
    std::set<std::string> distinct(values.begin(), values.end());
    distinct.erase(std::string());
    ok();
    put_number("distinct", static_cast<long long>(distinct.size()));
    put_number("errors", errors);
}

seekauth::Headers headers() {
    std::string pairs = text("headers");
    const char *names[FIELDS], *values[FIELDS];
    seekauth::Headers headers;
    for (std::size_t i = 0, count = split_pairs(pairs.data(), names, values); i < count; i++)
        headers.emplace_back(names[i], values[i]);
    return headers;
}

HttpRequest http_request() {
    HttpRequest http;
    http.method = text("method");
    http.url = text("url");
    http.headers = headers();
    http.body = argument("body_size") != nullptr ? std::string(number("body_size"), 'x') : text("body");
    http.timeout = timeout();
    return http;
}

void send() {
    const Response response = client().send(http_request());
    ok();
    put_number("status", response.status());
    put_body(response.body().data(), response.body().size());
    std::string values;
    bool found = false;
    for (const auto &[name, value] : response.headers()) {
        if (!std::equal(name.begin(), name.end(), text("header"), text("header") + std::strlen(text("header")),
                        [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); }))
            continue;
        values += (found ? ", " : "") + value;
        found = true;
    }
    if (found) put("header", values.c_str());
}

void put_all(const char *name, const std::set<std::string> &values) {
    std::string all;
    for (const auto &value : values) all += (all.empty() ? "" : " ") + value;
    put(name, all.c_str());
}

void burst_send() {
    const HttpRequest http = http_request();
    std::vector<std::future<Response>> results;
    std::set<std::string> statuses, names, bodies;
    long long responses = 0, errors = 0;
    for (std::uint64_t i = 0; i < number("n"); i++) results.push_back(client().send_async(http));
    for (auto &result : results) {
        try {
            const Response response = result.get();
            statuses.insert(std::to_string(response.status()));
            bodies.emplace(response.body());
            responses++;
        } catch (const Error &error) {
            names.insert(error.name());
            errors++;
        }
    }
    ok();
    put_number("answers", responses);
    put_number("errors", errors);
    put_number("bodies", static_cast<long long>(bodies.size()));
    put_all("statuses", statuses);
    put_all("names", names);
}

std::optional<std::string> optional(const char *name) {
    return argument(name) == nullptr ? std::nullopt : std::optional<std::string>(argument(name));
}

void graphql() {
    Graphql operation;
    operation.query = text("query");
    operation.variables = optional("variables");
    operation.operation_name = optional("operation_name");
    operation.headers = headers();
    operation.timeout = timeout();
    const Response response =
        flag("async") ? client().graphql_async(operation).get() : client().graphql(operation);
    ok();
    put_number("status", response.status());
    if (!response.request_id().empty()) put("request_id", response.request_id().c_str());
    std::printf("\tbody=");
    put_characters(response.body().data(), response.body().size(), 0, response.body().size());
}

const std::map<std::string, std::function<void()>> verbs = {
    {"clock_start", start_clock},
    {"advance", advance_clock},
    {"elapsed", elapsed},
    {"setenv", set_environment},
    {"new", new_client},
    {"from_env", [] { keep(Client::from_env()); }},
    {"with_scopes", [] { keep(client().with_scopes(text("scopes"))); }},
    {"authorization", [] { ok("value", client().authorization()); }},
    {"authorization_async", [] { ok("value", client().authorization_async().get()); }},
    {"get_token", [] { respond(client().get_token(timeout())); }},
    {"get_token_async", [] { respond(client().get_token_async(timeout()).get()); }},
    {"cached_token", get_cached_token},
    {"invalidate",
     [] { ok("acted", client().invalidate(std::string(text("token"))) ? "true" : "false"); }},
    {"provide", provide},
    {"provided", provided},
    {"burst", burst},
    {"adapters", [] { ok("names", "send"); }},
    {"send", send},
    {"burst_send", burst_send},
    {"graphql", graphql},
    {"begin", begin},
    {"join", join},
    {"cancel", [] { find(calls, "id").call.cancel(); ok(); }},
    {"close", [] { client().close(); ok(); }},
    {"free", [] { clients.erase(text("client")); ok(); }},
    {"debug", [] { ok("text", client().api_url()); }},
};

void carry_out() {
    try {
        const auto verb = verbs.find(request.verb);
        if (verb == verbs.end()) throw Misuse("agent: unknown verb");
        verb->second();
    } catch (const Error &error) {
        respond(error);
    } catch (const Misuse &misuse) {
        respond_misuse(misuse.what());
    }
}

}  // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        parse(line.data());
        carry_out();
        std::printf("\n");
        std::fflush(stdout);
    }
    clients.clear();
    for (auto &call : calls) call.second.result.wait();
}
