// seekauth for C++17: the C interface of seekauth.h with ownership by RAII, errors as exceptions and
// times as std::chrono. It forwards and decides nothing; what seekauth.h says about threads,
// callbacks and fork() holds here too. Link with libseekauth.
//
//     seekauth::Options options;
//     options.service = "seek_api";
//     options.environment = "playground";
//     options.client_id = id;
//     options.client_secret = secret;
//     options.user_agent = "acme-ats/1.0";
//     seekauth::Client client(options);
//     seekauth::Graphql operation;
//     operation.query = "{ self { partner { name } } }";
//     std::cout << client.graphql(operation).body();

#ifndef SEEKAUTH_HPP
#define SEEKAUTH_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seekauth.h"

namespace seekauth {

using milliseconds = std::chrono::milliseconds;

namespace detail {

// Frees an object of the C interface.
struct Free {
    void operator()(seekauth_client *client) const noexcept { seekauth_client_free(client); }
    void operator()(seekauth_error *error) const noexcept { seekauth_error_free(error); }
    void operator()(seekauth_call *call) const noexcept { seekauth_call_free(call); }
    void operator()(seekauth_auth_flow *flow) const noexcept { seekauth_auth_flow_free(flow); }
};

inline std::string copy(const char *text) { return text == nullptr ? std::string() : text; }

}  // namespace detail

// Why a call failed: what() is one line that is safe to log, the rest are the facts to act on. It
// never holds a secret, a token or the body of a response.
class Error : public std::runtime_error {
public:
    // Takes over an error of the C interface.
    explicit Error(seekauth_error *error)
        : Error(std::unique_ptr<seekauth_error, detail::Free>(error)) {}

    // An error of this code, for what cannot be handed to the C interface.
    Error(int code, const std::string &message)
        : std::runtime_error(message), facts_(std::make_shared<Facts>(Facts{code})) {}

    // One of SEEKAUTH_INVALID_ARGUMENT and so on.
    int code() const noexcept { return facts_->code; }

    // The name of the code, such as "throttled".
    const char *name() const noexcept { return seekauth_error_code_name(facts_->code); }

    // Whether the same call may succeed later with nothing changed.
    bool retryable() const noexcept { return facts_->retryable; }

    // How long to wait before the next try, if that is known.
    std::optional<milliseconds> retry_after() const noexcept { return facts_->retry_after; }

    // The HTTP status of the response that failed; 0 if there was none.
    int status() const noexcept { return facts_->status; }

    // The `error` member of the server's response (RFC 6749, 5.2); empty if there was none.
    const std::string &server_code() const noexcept { return facts_->server_code; }

    // What was asked for: token endpoint, client id, audience and scopes. Empty if the call did not
    // come so far.
    const std::string &target() const noexcept { return facts_->target; }

private:
    struct Facts {
        int code = SEEKAUTH_INTERNAL;
        bool retryable = false;
        std::optional<milliseconds> retry_after{};
        int status = 0;
        std::string server_code{};
        std::string target{};
    };

    explicit Error(std::unique_ptr<seekauth_error, detail::Free> error)
        : std::runtime_error(detail::copy(seekauth_error_message(error.get()))),
          facts_(std::make_shared<Facts>(Facts{
              seekauth_error_code(error.get()), seekauth_error_retryable(error.get()),
              retry_after(error.get()), seekauth_error_status(error.get()),
              detail::copy(seekauth_error_server_code(error.get())),
              detail::copy(seekauth_error_target(error.get()))})) {}

    static std::optional<milliseconds> retry_after(const seekauth_error *error) {
        const std::int64_t wait = seekauth_error_retry_after_ms(error);
        return wait < 0 ? std::nullopt : std::optional<milliseconds>(wait);
    }

    // Shared, because an exception must be copied without failing.
    std::shared_ptr<const Facts> facts_;
};

namespace detail {

inline void check(seekauth_error *error) {
    if (error != nullptr) throw Error(error);
}

// The text as the C interface takes it. It would end at a NUL there, and mean something else.
inline const char *c_text(const char *name, const std::string &text) {
    if (text.find('\0') != std::string::npos)
        throw Error(SEEKAUTH_INVALID_ARGUMENT, std::string(name) + " has a NUL in it");
    return text.c_str();
}

inline const char *c_text(const char *name, const std::optional<std::string> &text) {
    return text ? c_text(name, *text) : nullptr;
}

// A negative number becomes one too large to be accepted.
inline std::uint64_t c_count(milliseconds time) noexcept {
    return static_cast<std::uint64_t>(time.count());
}

}  // namespace detail

// A token and its facts, as it was when it was handed out. Copies share it, it never changes, and it
// outlives its client.
class Token {
public:
    // Takes over a token of the C interface.
    explicit Token(seekauth_token *token) : token_(token, seekauth_token_free) {}

    // The token itself. It reaches the data of every hirer that the partner works with: keep it on
    // the backend and out of logs. Valid as long as a copy of this object lives.
    const char *value() const noexcept { return seekauth_token_value(token_.get()); }

    // The whole value of the Authorization header. Valid as long as a copy of this object lives.
    const char *authorization() const noexcept { return seekauth_token_authorization(token_.get()); }

    // When the token expires. The client renews it before that.
    std::chrono::system_clock::time_point expires_at() const noexcept {
        const auto time = seekauth_token_expires_at_ms(token_.get());
        return std::chrono::system_clock::time_point(
            milliseconds(static_cast<milliseconds::rep>(time)));
    }

    // How much is left of its life at the moment of the call; zero once it has expired.
    milliseconds remaining() const noexcept {
        return milliseconds(
            static_cast<milliseconds::rep>(seekauth_token_remaining_ms(token_.get())));
    }

    // The scopes granted, sorted. The SEEK API's tokens have none.
    std::vector<std::string> scopes() const {
        std::vector<std::string> scopes;
        for (std::size_t i = 0; i < seekauth_token_scope_count(token_.get()); i++)
            scopes.emplace_back(seekauth_token_scope(token_.get(), i));
        return scopes;
    }

private:
    std::shared_ptr<seekauth_token> token_;
};

// An asynchronous call on its way. Destroying the object does not end the call.
class Call {
public:
    // Takes over a call of the C interface.
    explicit Call(seekauth_call *call) : call_(call) {}

    // Cancels the call: its callback runs with SEEKAUTH_CANCELLED, unless it has run or is about to run
    // with a result. Other callers that wait for the same token are not disturbed.
    void cancel() const noexcept { seekauth_call_cancel(call_.get()); }

private:
    std::unique_ptr<seekauth_call, detail::Free> call_;
};

// Receives the outcome of an asynchronous call: an error or a result. It runs exactly once, on a
// thread of the library, never inside the call that started it, and must not throw.
template <class Result>
using Callback = std::function<void(std::optional<Error>, std::optional<Result>)>;

namespace detail {

// Starts a call whose callback owns `done` once the call was accepted.
template <class Result, class Function>
Call start(Callback<Result> done, Function start) {
    auto kept = std::make_unique<Callback<Result>>(std::move(done));
    seekauth_call *call = nullptr;
    check(start(kept.get(), &call));
    kept.release();
    return Call(call);
}

// What the C interface calls. noexcept: nothing may unwind into the library.
template <class Result, class Raw>
void receive(void *user_data, seekauth_error *error, Raw result) noexcept {
    std::unique_ptr<Callback<Result>> done(static_cast<Callback<Result> *>(user_data));
    if (error != nullptr)
        (*done)(Error(error), std::nullopt);
    else
        (*done)(std::nullopt, Result(result));
}

template <class Result>
std::pair<Callback<Result>, std::future<Result>> promise() {
    auto promise = std::make_shared<std::promise<Result>>();
    auto future = promise->get_future();
    auto done = [promise](std::optional<Error> error, std::optional<Result> result) {
        if (error)
            promise->set_exception(std::make_exception_ptr(*std::move(error)));
        else
            promise->set_value(*std::move(result));
    };
    return {std::move(done), std::move(future)};
}

}  // namespace detail

// Headers of a request or a response: names and values, in order.
using Headers = std::vector<std::pair<std::string, std::string>>;

namespace detail {

// The headers as the C interface takes them; they point into the argument.
inline std::vector<seekauth_header> c_headers(const Headers &headers) {
    std::vector<seekauth_header> c_headers;
    for (const auto &[name, value] : headers)
        c_headers.push_back({c_text("a header's name", name), c_text("a header's value", value)});
    return c_headers;
}

}  // namespace detail

// A request to the API, as seekauth_http_request describes it. A time of zero means the client's own.
struct HttpRequest {
    std::string method;  // "GET", "POST" and so on
    std::string url;     // absolute, or a path from the API's root on
    Headers headers;
    std::string body;  // any bytes; empty for none
    milliseconds timeout{};

    // The request as the C interface takes it; it points into this object and into the headers.
    seekauth_http_request c_request(const std::vector<seekauth_header> &c_headers) const {
        return seekauth_http_request{
            sizeof(seekauth_http_request),
            detail::c_text("method", method),
            detail::c_text("url", url),
            c_headers.data(),
            c_headers.size(),
            body.data(),
            body.size(),
            detail::c_count(timeout),
        };
    }
};

// A GraphQL operation, as seekauth_graphql describes it. A time of zero means the client's own.
struct Graphql {
    std::string query;
    std::optional<std::string> variables;  // the text of a JSON object
    std::optional<std::string> operation_name;
    Headers headers;
    milliseconds timeout{};

    // The operation as the C interface takes it; it points into this object and into the headers.
    seekauth_graphql c_operation(const std::vector<seekauth_header> &c_headers) const {
        return seekauth_graphql{
            sizeof(seekauth_graphql),
            detail::c_text("query", query),
            detail::c_text("variables", variables),
            detail::c_text("operation_name", operation_name),
            c_headers.data(),
            c_headers.size(),
            detail::c_count(timeout),
        };
    }
};

// A response of the API, read to its end. Copies share it, it never changes, and it outlives its client.
class Response {
public:
    // Takes over a response of the C interface.
    explicit Response(seekauth_response *response) : response_(response, seekauth_response_free) {}

    // The HTTP status.
    int status() const noexcept { return seekauth_response_status(response_.get()); }

    // The value of the first header with this name, in capitals or not.
    std::optional<std::string> header(const std::string &name) const {
        const char *value =
            seekauth_response_header(response_.get(), detail::c_text("name", name));
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    }

    // All headers, their names in lower case; a response of Client::graphql() keeps none.
    Headers headers() const {
        Headers headers;
        for (std::size_t i = 0; i < seekauth_response_header_count(response_.get()); i++)
            headers.emplace_back(seekauth_response_header_name(response_.get(), i),
                                 seekauth_response_header_value(response_.get(), i));
        return headers;
    }

    // The whole body. Valid as long as a copy of this object lives.
    std::string_view body() const noexcept {
        return {seekauth_response_body(response_.get()),
                seekauth_response_body_length(response_.get())};
    }

private:
    std::shared_ptr<seekauth_response> response_;
};

// The authentication flow of one request to the API and, if the API rejects its token, of its one
// repetition, for programs that send with an HTTP client of their own. seekauth_auth_flow describes the
// order of calls. No two calls may use it at once.
class AuthFlow {
public:
    // Takes over a flow of the C interface.
    explicit AuthFlow(seekauth_auth_flow *flow) : flow_(flow) {}

    // Waits for the token of the next attempt, for at most the timeout; zero means as long as the client's
    // own timeout says. After retry() it is the one to send the request with once more, which the client
    // may not have.
    Token get_token(milliseconds timeout = {}) const {
        seekauth_token *token = nullptr;
        detail::check(seekauth_auth_flow_get_token(flow_.get(), detail::c_count(timeout), &token));
        return Token(token);
    }

    // As get_token(), without waiting. The flow may be used and destroyed meanwhile.
    Call get_token_async(Callback<Token> done, milliseconds timeout = {}) const {
        return detail::start(std::move(done), [&](auto kept, auto call) {
            return seekauth_auth_flow_get_token_async(flow_.get(), detail::c_count(timeout),
                                                      &detail::receive<Token, seekauth_token *>, kept,
                                                      call);
        });
    }

    // As get_token(), without waiting. Destroying the future waits for nothing.
    std::future<Token> get_token_async(milliseconds timeout = {}) const {
        auto [done, future] = detail::promise<Token>();
        get_token_async(std::move(done), timeout);
        return std::move(future);
    }

    // Throws SEEKAUTH_FORBIDDEN_ORIGIN if `host` is not the host, and port, of the client's API. For a Host
    // header that attempt(), which looks at it by itself, is not given.
    void check_host(const std::string &host) const {
        detail::check(seekauth_auth_flow_check_host(flow_.get(), detail::c_text("host", host)));
    }

    // Begins an attempt with the value of the Authorization header and the request's own headers, and
    // gives the headers to send. Throws SEEKAUTH_TOKEN_REJECTED if the API has just rejected this value,
    // unless get_token() gave it for the second attempt, and SEEKAUTH_FORBIDDEN_ORIGIN for a Host header of
    // another host.
    Headers attempt(const std::string &authorization, const Headers &own = {}) {
        const auto c_own = detail::c_headers(own);
        detail::check(seekauth_auth_flow_attempt(flow_.get(),
                                                 detail::c_text("authorization", authorization),
                                                 c_own.data(), c_own.size()));
        Headers headers;
        for (std::size_t i = 0; i < seekauth_auth_flow_header_count(flow_.get()); i++)
            headers.emplace_back(seekauth_auth_flow_header_name(flow_.get(), i),
                                 seekauth_auth_flow_header_value(flow_.get(), i));
        return headers;
    }

    // Begins to inspect a response; `url` is where it came from, if redirects may have been followed.
    // True if its body has to be fed.
    bool inspect(int status, const std::optional<std::string> &url = {}) {
        bool more = false;
        detail::check(
            seekauth_auth_flow_inspect(flow_.get(), status, detail::c_text("url", url), &more));
        return more;
    }

    // Shows the next chunk of the response's body, after any content decoding. True if more has to be fed.
    bool feed(std::string_view chunk) noexcept {
        return seekauth_auth_flow_feed(flow_.get(), chunk.data(), chunk.size());
    }

    // Whether the API rejected the token; ask when feed() has returned false or the body has ended.
    bool rejected() noexcept { return seekauth_auth_flow_rejected(flow_.get()); }

    // Prepares the second attempt after a rejection. If this does not throw, send the identical request once
    // more, with the token that get_token() gives. Throws SEEKAUTH_TOKEN_REJECTED if there was a second
    // attempt already, if the body cannot be sent twice, and if no other token would help.
    void retry() { detail::check(seekauth_auth_flow_retry(flow_.get())); }

private:
    std::unique_ptr<seekauth_auth_flow, detail::Free> flow_;
};

// A client id and its secret, and perhaps the other secret of a rotation.
struct Credentials {
    std::string client_id, client_secret;
    std::optional<std::string> client_secret_next;
};

// Settings of a client, under the names of seekauth_options, where each is described. What is left
// unset, and a time of zero, means the default.
struct Options {
    std::optional<std::string> service, environment, client_id, client_secret, user_agent;
    std::optional<std::string> scopes;  // separated by single spaces
    std::optional<std::string> audience, base_url, token_url, api_url;
    std::optional<std::string> token_endpoint_auth_method, token_request_format;
    std::optional<std::string> extra_parameters;  // form-encoded: "a=1&b=2"
    bool allow_non_expiring = false;
    milliseconds timeout{}, request_timeout{}, connect_timeout{}, refresh_margin{};
    bool stay_warm = false;
    std::optional<std::string> ca_file, accept_language;
    std::optional<std::string> client_secret_next;
    std::optional<std::string> client_id_file, client_secret_file, client_secret_next_file;
    std::optional<std::string> credentials_file;
    std::optional<std::string> credentials_command;  // separated by single spaces
    std::optional<std::string> client_certificate_file, client_key_file, proxy;
    // Finds the credentials for each token request, in place of the settings above; see
    // seekauth_credentials_callback. One that throws has none at present.
    std::function<Credentials()> credentials;

    // The options as the C interface takes them, without the function; they point into this object.
    seekauth_options c_options() const {
        using detail::c_count;
        using detail::c_text;
        return seekauth_options{
            sizeof(seekauth_options),
            c_text("service", service),
            c_text("environment", environment),
            c_text("client_id", client_id),
            c_text("client_secret", client_secret),
            c_text("user_agent", user_agent),
            c_text("scopes", scopes),
            c_text("audience", audience),
            c_text("base_url", base_url),
            c_text("token_url", token_url),
            c_text("api_url", api_url),
            c_text("token_endpoint_auth_method", token_endpoint_auth_method),
            c_text("token_request_format", token_request_format),
            c_text("extra_parameters", extra_parameters),
            allow_non_expiring,
            c_count(timeout),
            c_count(request_timeout),
            c_count(connect_timeout),
            c_count(refresh_margin),
            stay_warm,
            c_text("ca_file", ca_file),
            c_text("accept_language", accept_language),
            c_text("client_secret_next", client_secret_next),
            c_text("client_id_file", client_id_file),
            c_text("client_secret_file", client_secret_file),
            c_text("client_secret_next_file", client_secret_next_file),
            c_text("credentials_file", credentials_file),
            c_text("credentials_command", credentials_command),
            c_text("client_certificate_file", client_certificate_file),
            c_text("client_key_file", client_key_file),
            c_text("proxy", proxy),
            nullptr,
            nullptr,
            nullptr,
        };
    }
};

namespace detail {

using CredentialsFunction = std::function<Credentials()>;

inline int ask_credentials(void *function, seekauth_credentials *credentials) noexcept {
    try {
        const Credentials found = (*static_cast<CredentialsFunction *>(function))();
        check(seekauth_credentials_set(credentials, c_text("client_id", found.client_id),
                                       c_text("client_secret", found.client_secret),
                                       c_text("client_secret_next", found.client_secret_next)));
        return 0;
    } catch (...) {
        return 1;
    }
}

inline void free_credentials(void *function) noexcept {
    delete static_cast<CredentialsFunction *>(function);
}

}  // namespace detail

// Obtains, caches and renews tokens. Make one when the program starts and share it: any number of
// threads may call its const functions at once. Every call that fails throws Error.
class Client {
public:
    // Checks every setting and starts nothing: no request, no thread.
    explicit Client(const Options &options) {
        seekauth_options c_options = options.c_options();
        if (options.credentials) {
            c_options.credentials_callback = detail::ask_credentials;
            c_options.credentials_user_data = new detail::CredentialsFunction(options.credentials);
            c_options.credentials_free = detail::free_credentials;
        }
        client_ = make([&](auto out) { return seekauth_client_new(&c_options, out); });
    }

    // A client from the environment variables SEEKAUTH_SERVICE, SEEKAUTH_CLIENT_ID and so on.
    static Client from_env() { return Client(make(seekauth_client_from_env)); }

    // A client for other scopes, separated by spaces, that shares everything else with this one and
    // may outlive it.
    Client with_scopes(const std::string &scopes) const {
        return Client(make([&](auto out) {
            return seekauth_client_with_scopes(client_.get(), detail::c_text("scopes", scopes), out);
        }));
    }

    // The value of the Authorization header. While the token is fresh this waits for nothing.
    std::string authorization() const {
        std::string value(1024, '\0');
        for (;;) {
            std::size_t length = 0;
            seekauth_error *error =
                seekauth_client_authorization(client_.get(), value.data(), value.size(), &length);
            if (error == nullptr) {
                value.resize(length);
                return value;
            }
            if (length < value.size()) throw Error(error);
            seekauth_error_free(error);
            value.resize(length + 1);
        }
    }

    // As authorization(), without waiting; timeouts are those of get_token().
    Call authorization_async(Callback<std::string> done, milliseconds timeout = {}) const {
        return detail::start(std::move(done), [&](auto kept, auto call) {
            return seekauth_client_authorization_async(client_.get(), detail::c_count(timeout),
                                                       &detail::receive<std::string, const char *>, kept,
                                                       call);
        });
    }

    // As authorization(), without waiting. Destroying the future waits for nothing.
    std::future<std::string> authorization_async(milliseconds timeout = {}) const {
        auto [done, future] = detail::promise<std::string>();
        authorization_async(std::move(done), timeout);
        return std::move(future);
    }

    // Waits for a usable token, for at most the timeout; zero means as long as the client's own
    // timeout says. If one is in the cache it waits for nothing.
    Token get_token(milliseconds timeout = {}) const {
        seekauth_token *token = nullptr;
        detail::check(seekauth_client_get_token(client_.get(), detail::c_count(timeout), &token));
        return Token(token);
    }

    // As get_token(), without waiting.
    Call get_token_async(Callback<Token> done, milliseconds timeout = {}) const {
        return detail::start(std::move(done), [&](auto kept, auto call) {
            return seekauth_client_get_token_async(client_.get(), detail::c_count(timeout),
                                                   &detail::receive<Token, seekauth_token *>, kept, call);
        });
    }

    // As get_token(), without waiting. Destroying the future waits for nothing.
    std::future<Token> get_token_async(milliseconds timeout = {}) const {
        auto [done, future] = detail::promise<Token>();
        get_token_async(std::move(done), timeout);
        return std::move(future);
    }

    // The token in the cache, if it has not expired. Never waits and never fetches.
    std::optional<Token> cached_token() const {
        seekauth_token *token = nullptr;
        detail::check(seekauth_client_cached_token(client_.get(), &token));
        return token == nullptr ? std::nullopt : std::optional<Token>(token);
    }

    // Says that an API rejected this token, or this header value. True if it was still the current one: it
    // is set aside, and the next call waits for a new one. False if a newer one had taken its place already,
    // if it is younger than two seconds, or if tokens were rejected so often lately that another new one
    // would not help.
    bool invalidate(const std::string &token) const {
        bool invalidated = false;
        detail::check(seekauth_client_invalidate(
            client_.get(), detail::c_text("token", token), &invalidated));
        return invalidated;
    }

    bool invalidate(const Token &token) const { return invalidate(token.value()); }

    // Sends a request to the API with the token, and once more with a new one if the API rejects it;
    // waits for the whole response. Any but a rejection is returned, redirects included.
    Response send(const HttpRequest &request) const {
        const auto c_headers = detail::c_headers(request.headers);
        const auto c_request = request.c_request(c_headers);
        seekauth_response *response = nullptr;
        detail::check(seekauth_client_send(client_.get(), &c_request, &response));
        return Response(response);
    }

    // As send(), without waiting.
    Call send_async(const HttpRequest &request, Callback<Response> done) const {
        const auto c_headers = detail::c_headers(request.headers);
        const auto c_request = request.c_request(c_headers);
        return detail::start(std::move(done), [&](auto kept, auto call) {
            return seekauth_client_send_async(client_.get(), &c_request,
                                              &detail::receive<Response, seekauth_response *>, kept, call);
        });
    }

    // As send(), without waiting. Destroying the future waits for nothing.
    std::future<Response> send_async(const HttpRequest &request) const {
        auto [done, future] = detail::promise<Response>();
        send_async(request, std::move(done));
        return std::move(future);
    }

    // Sends a GraphQL operation to the API as send() does. The body of the response is its JSON text.
    // Errors that the API reports in `errors` throw nothing; a response that is not GraphQL does.
    Response graphql(const Graphql &operation) const {
        const auto c_headers = detail::c_headers(operation.headers);
        const auto c_operation = operation.c_operation(c_headers);
        seekauth_response *response = nullptr;
        detail::check(seekauth_client_graphql(client_.get(), &c_operation, &response));
        return Response(response);
    }

    // As graphql(), without waiting.
    Call graphql_async(const Graphql &operation, Callback<Response> done) const {
        const auto c_headers = detail::c_headers(operation.headers);
        const auto c_operation = operation.c_operation(c_headers);
        return detail::start(std::move(done), [&](auto kept, auto call) {
            return seekauth_client_graphql_async(client_.get(), &c_operation,
                                                 &detail::receive<Response, seekauth_response *>, kept,
                                                 call);
        });
    }

    // As graphql(), without waiting. Destroying the future waits for nothing.
    std::future<Response> graphql_async(const Graphql &operation) const {
        auto [done, future] = detail::promise<Response>();
        graphql_async(operation, std::move(done));
        return std::move(future);
    }

    // The flow of one request to `url` that an HTTP client of the program's own carries. Throws
    // SEEKAUTH_FORBIDDEN_ORIGIN unless it goes to scheme, host and port of the API. `replayable` says
    // whether its body can be sent a second time.
    AuthFlow auth_flow(const std::string &url, bool replayable = true) const {
        seekauth_auth_flow *flow = nullptr;
        detail::check(seekauth_client_auth_flow(client_.get(), detail::c_text("url", url), replayable,
                                                &flow));
        return AuthFlow(flow);
    }

    // The address of the API that the client's tokens are for; empty if there is none.
    std::string api_url() const { return detail::copy(seekauth_client_api_url(client_.get())); }

    // Warnings about the options, one line each; empty if there are none.
    std::string warnings() const { return seekauth_client_warnings(client_.get()); }

    // Closes the client: calls in flight end with SEEKAUTH_CANCELLED, later ones with
    // SEEKAUTH_CLOSED. Closing one that was not made by with_scopes() also closes those made from it,
    // and forgets all tokens. Destroying a client cancels its own calls in flight and nothing else.
    void close() const noexcept { seekauth_client_close(client_.get()); }

    // The client for calls of the C interface; this object keeps it.
    const seekauth_client *get() const noexcept { return client_.get(); }

private:
    using Owned = std::unique_ptr<seekauth_client, detail::Free>;

    explicit Client(Owned client) : client_(std::move(client)) {}

    template <class Function>
    static Owned make(Function make) {
        seekauth_client *client = nullptr;
        detail::check(make(&client));
        return Owned(client);
    }

    Owned client_;
};

}  // namespace seekauth

#endif  // SEEKAUTH_HPP
