/**
 * @file
 * seekauth for C++17 and newer: the C interface of seekauth.h with ownership by RAII, errors as exceptions
 * or as results, and times as std::chrono. It forwards and decides nothing; what seekauth.h says about
 * threads, callbacks and fork() holds here too. Link with libseekauth.
 *
 *     seekauth::Options options;
 *     options.service = "seek_api";
 *     options.environment = "playground";
 *     options.client_id = id;
 *     options.client_secret = secret;
 *     options.user_agent = "acme-ats/1.0";
 *     seekauth::Client client(options);
 *     seekauth::Graphql operation;
 *     operation.query = "{ self { partner { name } } }";
 *     std::cout << client.graphql(operation).body();
 *
 * Each function that can fail has two forms: the one of the short name throws Error, and the one that begins
 * with try_ returns a Result. Where exceptions are off (-fno-exceptions), the second form alone is declared.
 */

#ifndef SEEKAUTH_HPP
#define SEEKAUTH_HPP

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "seekauth.hpp needs C++17 or newer: compile with -std=c++17"
#endif

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
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "seekauth.h"

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
/// Whether what throws is declared.
#define SEEKAUTH_EXCEPTIONS 1
#else
#define SEEKAUTH_EXCEPTIONS 0
#endif

/// The C interface of seekauth in C++.
namespace seekauth {

/// The unit of all times.
using milliseconds = std::chrono::milliseconds;

namespace detail {

// Frees an object of the C interface. Of a client, the callbacks have returned then: they may use what is
// destroyed along with it.
struct Free {
    void operator()(seekauth_client *client) const noexcept { seekauth_client_free_and_wait(client); }
    void operator()(seekauth_error *error) const noexcept { seekauth_error_free(error); }
    void operator()(seekauth_call *call) const noexcept { seekauth_call_free(call); }
    void operator()(seekauth_auth_flow *flow) const noexcept { seekauth_auth_flow_free(flow); }
};

inline std::string copy(const char *text) { return text == nullptr ? std::string() : text; }

}  // namespace detail

/// Text that may be unset, with the interface of std::optional<std::string>. A null pointer, such as
/// std::getenv() returns for a variable that is not set, is unset as well.
class Text {
public:
    /// Unset.
    Text() noexcept = default;

    /// Unset.
    Text(std::nullopt_t) noexcept {}

    /// A copy of the text; unset for a null pointer.
    Text(const char *text) : text_(text == nullptr ? std::nullopt : std::optional<std::string>(text)) {}

    /// A copy, or unset where `text` is.
    Text(std::optional<std::string> text) noexcept : text_(std::move(text)) {}

    /// Whatever makes a std::string or a std::string_view.
    template <class T, std::enable_if_t<!std::is_convertible_v<T &&, const char *> &&
                                            !std::is_same_v<std::decay_t<T>, Text> &&
                                            (std::is_convertible_v<T &&, std::string> ||
                                             std::is_convertible_v<T &&, std::string_view>),
                                        int> = 0>
    Text(T &&text) : text_(std::string(std::forward<T>(text))) {}

    /// Whether it is set.
    bool has_value() const noexcept { return text_.has_value(); }

    /// Whether it is set.
    explicit operator bool() const noexcept { return has_value(); }

    /// The text, which has to be set.
    const std::string &operator*() const noexcept { return *text_; }

    /// The text, which has to be set.
    std::string &operator*() noexcept { return *text_; }

    /// A member of the text, which has to be set.
    const std::string *operator->() const noexcept { return &*text_; }

    /// A member of the text, which has to be set.
    std::string *operator->() noexcept { return &*text_; }

    /// The text; throws std::bad_optional_access if it is unset.
    const std::string &value() const { return text_.value(); }

    /// The text, or `other` if it is unset.
    std::string value_or(std::string other) const { return text_ ? *text_ : std::move(other); }

    /// Makes it unset.
    void reset() noexcept { text_.reset(); }

    /// The same in the standard library's type.
    operator const std::optional<std::string> &() const noexcept { return text_; }

    /// Whether both are unset, or both set and equal.
    friend bool operator==(const Text &left, const Text &right) { return left.text_ == right.text_; }

    /// Whether they differ.
    friend bool operator!=(const Text &left, const Text &right) { return left.text_ != right.text_; }

private:
    std::optional<std::string> text_{};
};

/// Why a call failed: what() is one line that is safe to log, the rest are the facts to act on. It
/// never holds a secret or a token, and only server_message() and server_path() are out of the body of a response.
class Error : public std::runtime_error {
public:
    /// Takes over an error of the C interface.
    explicit Error(seekauth_error *error)
        : Error(std::unique_ptr<seekauth_error, detail::Free>(error)) {}

    /// An error of this code, with what is known of the code, for tests and for functions of the program's.
    Error(int code, const std::string &message, std::optional<milliseconds> retry_after = {}, int status = 0)
        : std::runtime_error(message), facts_(std::make_shared<Facts>(code, retry_after, status)) {}

    /// One of SEEKAUTH_INVALID_ARGUMENT and so on.
    int code() const noexcept { return facts_->code; }

    /// The name of the code, such as "throttled".
    const char *name() const noexcept { return seekauth_error_code_name(facts_->code); }

    /// Whether the same call may succeed later with nothing changed.
    bool retryable() const noexcept { return facts_->retryable; }

    /// How long to wait before the next try, if that is known.
    std::optional<milliseconds> retry_after() const noexcept { return facts_->retry_after; }

    /// The HTTP status of the response that failed; 0 if there was none.
    int status() const noexcept { return facts_->status; }

    /// The server's own code: the `error` of a token response (RFC 6749, 5.2) or of WWW-Authenticate, or
    /// the code with which a GraphQL API rejected the token; empty if there was none.
    const std::string &server_code() const noexcept { return facts_->server_code; }

    /// What was asked for: token endpoint, client id, audience and scopes. Empty if the call did not
    /// come so far.
    const std::string &target() const noexcept { return facts_->target; }

    /// The X-Request-Id of the request to the API that this is about, which SEEK can be asked about. Empty
    /// for an error of another call.
    const std::string &request_id() const noexcept { return facts_->request_id; }

    /// What a GraphQL API said as it rejected the token, in its own words, which are no part of what().
    /// Empty if it said nothing, or if that repeats a secret.
    const std::string &server_message() const noexcept { return facts_->server_message; }

    /// Where in its response a GraphQL API rejected the token, with dots between the parts of the path. Empty
    /// if it named none, or if that repeats a secret.
    const std::string &server_path() const noexcept { return facts_->server_path; }

private:
    struct Facts {
        Facts(int of, std::optional<milliseconds> pause, int response)
            : code(of),
              retryable(seekauth_error_code_retryable(of)),
              retry_after(pause),
              status(response) {}

        explicit Facts(const seekauth_error *error)
            : code(seekauth_error_code(error)),
              retryable(seekauth_error_retryable(error)),
              retry_after(wait(seekauth_error_retry_after_ms(error))),
              status(seekauth_error_status(error)),
              server_code(detail::copy(seekauth_error_server_code(error))),
              target(detail::copy(seekauth_error_target(error))),
              request_id(detail::copy(seekauth_error_request_id(error))),
              server_message(detail::copy(seekauth_error_server_message(error))),
              server_path(detail::copy(seekauth_error_server_path(error))) {}

        static std::optional<milliseconds> wait(std::int64_t count) {
            return count < 0 ? std::nullopt : std::optional<milliseconds>(count);
        }

        int code;
        bool retryable;
        std::optional<milliseconds> retry_after{};
        int status = 0;
        std::string server_code{};
        std::string target{};
        std::string request_id{};
        std::string server_message{};
        std::string server_path{};
    };

    explicit Error(std::unique_ptr<seekauth_error, detail::Free> error)
        : std::runtime_error(detail::copy(seekauth_error_message(error.get()))),
          facts_(std::make_shared<Facts>(error.get())) {}

    // Shared, because an exception must be copied without failing.
    std::shared_ptr<const Facts> facts_;
};

/// What a call that does not throw returns: a value or an error. As std::expected of C++23.
template <class T>
class [[nodiscard]] Result {
public:
    /// A success.
    Result(T value) : outcome_(std::in_place_index<0>, std::move(value)) {}

    /// A failure.
    Result(Error error) : outcome_(std::in_place_index<1>, std::move(error)) {}

    /// Whether there is a value.
    bool has_value() const noexcept { return outcome_.index() == 0; }

    /// Whether there is a value.
    explicit operator bool() const noexcept { return has_value(); }

    /// The value, which has to be there.
    const T &operator*() const & noexcept { return *std::get_if<0>(&outcome_); }

    /// The value, which has to be there.
    T &operator*() & noexcept { return *std::get_if<0>(&outcome_); }

    /// The value, which has to be there.
    T operator*() && { return std::move(*std::get_if<0>(&outcome_)); }

    /// A member of the value, which has to be there.
    const T *operator->() const noexcept { return std::get_if<0>(&outcome_); }

    /// A member of the value, which has to be there.
    T *operator->() noexcept { return std::get_if<0>(&outcome_); }

    /// The value, or `other` if there is none.
    T value_or(T other) && { return has_value() ? *std::move(*this) : std::move(other); }

    /// The error, which has to be there.
    const Error &error() const noexcept { return *std::get_if<1>(&outcome_); }

#if SEEKAUTH_EXCEPTIONS
    /// The value; throws the error if there is none.
    T value() && {
        if (!has_value()) throw error();
        return *std::move(*this);
    }

    /// The value; throws the error if there is none.
    const T &value() const & {
        if (!has_value()) throw error();
        return **this;
    }
#endif

private:
    std::variant<T, Error> outcome_;
};

/// What a call that does not throw returns if there is no value: nothing, or an error.
template <>
class [[nodiscard]] Result<void> {
public:
    /// A success.
    Result() noexcept = default;

    /// A failure.
    Result(Error error) : error_(std::move(error)) {}

    /// Whether it succeeded.
    bool has_value() const noexcept { return !error_; }

    /// Whether it succeeded.
    explicit operator bool() const noexcept { return has_value(); }

    /// The error, which has to be there.
    const Error &error() const noexcept { return *error_; }

#if SEEKAUTH_EXCEPTIONS
    /// Throws the error if there is one.
    void value() const {
        if (error_) throw *error_;
    }
#endif

private:
    std::optional<Error> error_{};
};

/// Headers of a request or a response: names and values, in order.
using Headers = std::vector<std::pair<std::string, std::string>>;

namespace detail {

inline Result<void> outcome(seekauth_error *error) {
    if (error != nullptr) return Error(error);
    return {};
}

// The outcome of a call that writes an object of the C interface, as the object that owns it.
template <class T, class Raw, class Function>
Result<T> make(Function call) {
    Raw *raw = nullptr;
    if (seekauth_error *error = call(&raw)) return Error(error);
    return T(raw);
}

// A negative number becomes one too large to be accepted.
inline std::uint64_t c_count(milliseconds time) noexcept {
    return static_cast<std::uint64_t>(time.count());
}

// Lends texts to the C interface, and remembers the first that would mean something else there: it would
// end at a NUL.
class Lender {
public:
    const char *text(const char *name, const std::string &text) {
        if (!failure_ && text.find('\0') != std::string::npos)
            failure_ = Error(SEEKAUTH_INVALID_ARGUMENT, std::string(name) + " has a NUL in it");
        return text.c_str();
    }

    const char *text(const char *name, const Text &text) {
        return text ? this->text(name, *text) : nullptr;
    }

    // They point into the argument.
    std::vector<seekauth_header> headers(const Headers &headers) {
        std::vector<seekauth_header> c_headers;
        for (const auto &[name, value] : headers)
            c_headers.push_back({text("a header's name", name), text("a header's value", value)});
        return c_headers;
    }

    const std::optional<Error> &failure() const noexcept { return failure_; }

    // What was lent, if all of it could be.
    template <class T>
    Result<T> lent(T value) const {
        if (failure_) return *failure_;
        return value;
    }

private:
    std::optional<Error> failure_{};
};

}  // namespace detail

/// A token and its facts, as it was when it was handed out. Copies share it, it never changes, and it
/// outlives its client.
class Token {
public:
    /// Takes over a token of the C interface.
    explicit Token(seekauth_token *token) : token_(token, seekauth_token_free) {}

    /// The token itself. It reaches the data of every hirer that the partner works with: keep it on
    /// the backend and out of logs. Valid as long as a copy of this object lives.
    const char *value() const noexcept { return seekauth_token_value(token_.get()); }

    /// The whole value of the Authorization header. Valid as long as a copy of this object lives.
    const char *authorization() const noexcept { return seekauth_token_authorization(token_.get()); }

    /// When the token expires. The client renews it before that.
    std::chrono::system_clock::time_point expires_at() const noexcept {
        const auto time = seekauth_token_expires_at_ms(token_.get());
        return std::chrono::system_clock::time_point(
            milliseconds(static_cast<milliseconds::rep>(time)));
    }

    /// How much is left of its life at the moment of the call; zero once it has expired.
    milliseconds remaining() const noexcept {
        return milliseconds(
            static_cast<milliseconds::rep>(seekauth_token_remaining_ms(token_.get())));
    }

    /// The scopes granted, sorted. The SEEK API's tokens have none.
    std::vector<std::string> scopes() const {
        std::vector<std::string> scopes;
        for (std::size_t i = 0; i < seekauth_token_scope_count(token_.get()); i++)
            scopes.emplace_back(seekauth_token_scope(token_.get(), i));
        return scopes;
    }

private:
    std::shared_ptr<seekauth_token> token_;
};

/// How the store fares through which a client shares its tokens; a snapshot.
struct StoreStatus {
    /// Which store it is: `none`, `local` or `redis`.
    std::string kind{};
    /// Whether it is used now. One that failed is left alone for a second at first, and a minute at most.
    bool usable{};
    /// The last problem with it, in one line that is safe to log; empty if there was none.
    std::string last_problem{};
    /// How often it was read.
    std::uint64_t reads{};
    /// Tokens taken over that another process, or another client of this one, had got.
    std::uint64_t adopted{};
    /// Requests for a token made on behalf of all.
    std::uint64_t claimed{};
    /// Times that this process waited for the request of another.
    std::uint64_t waited{};
    /// Tokens put into it.
    std::uint64_t published{};
    /// Requests made without it: it failed, rested, or another process took too long.
    std::uint64_t alone{};
    /// Records that did not open: damaged, or of another secret.
    std::uint64_t unreadable{};
    /// Refusals of the secret that another process had met.
    std::uint64_t notes{};
    /// Steps that failed.
    std::uint64_t failures{};
    /// Records left alone because two clocks disagree about them by more than five minutes.
    std::uint64_t clock_disagreements{};
};

/// How one token of a client stands.
struct TokenStats {
    /// The scopes that are asked for, separated by spaces.
    std::string scopes{};
    /// What it is good for: `none`, `fresh`, `ahead`, `margin`, `expired` or `rejected`.
    std::string state{};
    /// How much is left of its life; unset without a token.
    std::optional<milliseconds> remaining{};
    /// When it arrived; unset without a token.
    std::optional<std::chrono::system_clock::time_point> obtained_at{};
    /// Whether it is being asked for.
    bool requesting{};
    /// The code that the last request failed with; SEEKAUTH_OK if it did not.
    int last_failure{};
};

/// What a client did so far in this process; a snapshot.
struct Stats {
    /// Token requests that ended with a token.
    std::uint64_t requests_succeeded{};
    /// Token requests that failed: how many with which code, SEEKAUTH_UNAVAILABLE and so on.
    std::vector<std::pair<int, std::uint64_t>> requests_failed{};
    /// Tokens taken over from the store.
    std::uint64_t tokens_adopted{};
    /// Rejections of a token by the API.
    std::uint64_t rejections{};
    /// Calls that got a token although its renewal had failed.
    std::uint64_t stale_served{};
    /// Calls that wait for a token now.
    std::uint64_t waiting{};
    /// Calls that waited at most at any time.
    std::uint64_t waiting_max{};
    /// Calls that had to wait.
    std::uint64_t waits{};
    /// How long they waited, all together.
    milliseconds waited{};
    /// Events that were lost because their function did not take them in time.
    std::uint64_t events_dropped{};
    /// How each token stands; none once the client was closed.
    std::vector<TokenStats> tokens{};
};

/// Something that a client did or met: a request for a token, a failure, a rejection. It and its texts are
/// lent to the function of Client::on_event() until that returns. It never holds a secret or a token.
class Event {
public:
    /// One of the C interface.
    explicit Event(const seekauth_event *event) noexcept : event_(event) {}

    Event(const Event &) = delete;
    Event &operator=(const Event &) = delete;

    /// What happened, such as `token_request` or `serving_stale`.
    std::string_view name() const noexcept { return seekauth_event_name(event_); }

    /// How much it matters: `debug`, `info`, `warning` (something failed, and callers do not notice) or
    /// `error` (callers fail).
    std::string_view level() const noexcept { return seekauth_event_level(event_); }

    /// One line for a log. Its words may change with any release.
    std::string_view message() const noexcept { return seekauth_event_message(event_); }

    /// When it happened.
    std::chrono::system_clock::time_point time() const noexcept {
        const auto time = seekauth_event_time_ms(event_);
        return std::chrono::system_clock::time_point(
            milliseconds(static_cast<milliseconds::rep>(time)));
    }

    /// The value of the field with this name as text, numbers in decimal digits.
    std::optional<std::string_view> field(const std::string &name) const noexcept {
        const char *value = seekauth_event_field(event_, name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string_view>(value);
    }

    /// The value of the field with this name as a number: a count, 1 or 0 for yes or no, a time in
    /// milliseconds. Unset if there is no such field, and if it is text.
    std::optional<std::int64_t> number(const std::string &name) const noexcept {
        const auto number = seekauth_event_field_number(event_, name.c_str());
        return number < 0 ? std::nullopt : std::optional<std::int64_t>(number);
    }

    /// All fields, names and values as text.
    std::vector<std::pair<std::string, std::string>> fields() const {
        std::vector<std::pair<std::string, std::string>> fields;
        for (std::size_t i = 0; i < seekauth_event_field_count(event_); i++)
            fields.emplace_back(seekauth_event_field_name(event_, i),
                                seekauth_event_field_value(event_, i));
        return fields;
    }

private:
    const seekauth_event *event_;
};

/// An asynchronous call on its way. Destroying the object does not end the call.
class Call {
public:
    /// Takes over a call of the C interface.
    explicit Call(seekauth_call *call) : call_(call) {}

    /// Cancels the call: its callback runs with SEEKAUTH_CANCELLED, unless it has run or is about to run
    /// with a result. Other callers that wait for the same token are not disturbed.
    void cancel() const noexcept { seekauth_call_cancel(call_.get()); }

private:
    std::unique_ptr<seekauth_call, detail::Free> call_;
};

/// Receives the outcome of an asynchronous call: an error or a result. It runs exactly once, on a
/// thread of the library, never inside the call that started it, and must not throw. Calls take any
/// function object that can be called like this, also one that can only be moved.
template <class T>
using Callback = std::function<void(std::optional<Error>, std::optional<T>)>;

namespace detail {

// For functions that take any callback for a T.
template <class Function, class T>
using IfCallback = std::enable_if_t<
    std::is_invocable_v<std::decay_t<Function> &, std::optional<Error>, std::optional<T>>, int>;

template <class Function>
bool is_empty(const Function &) noexcept {
    return false;
}
template <class Signature>
bool is_empty(const std::function<Signature> &function) noexcept {
    return !function;
}
template <class Signature>
bool is_empty(Signature *const &function) noexcept {
    return function == nullptr;
}
#ifdef __cpp_lib_move_only_function
template <class Signature>
bool is_empty(const std::move_only_function<Signature> &function) noexcept {
    return !function;
}
#endif

// What the C interface calls. noexcept: nothing may unwind into the library.
template <class T, class Function, class Raw>
void receive(void *user_data, seekauth_error *error, Raw result) noexcept {
    const std::unique_ptr<Function> done(static_cast<Function *>(user_data));
    if (error != nullptr)
        (*done)(std::optional<Error>(std::in_place, error), std::optional<T>());
    else
        (*done)(std::optional<Error>(), std::optional<T>(std::in_place, result));
}

// Starts a call whose callback owns `done` once the call was accepted.
template <class T, class Raw, class Function, class Start>
Result<Call> start(Function &&done, Start start) {
    using Kept = std::decay_t<Function>;
    if (detail::is_empty(done)) return Error(SEEKAUTH_INVALID_ARGUMENT, "the callback is empty");
    auto kept = std::make_unique<Kept>(std::forward<Function>(done));
    seekauth_call *call = nullptr;
    if (seekauth_error *error = start(&receive<T, Kept, Raw>, kept.get(), &call)) return Error(error);
    kept.release();
    return Call(call);
}

#if SEEKAUTH_EXCEPTIONS
// A future for what `start`, given a callback, starts.
template <class T, class Start>
std::future<T> future_of(Start start) {
    std::promise<T> promise;
    std::future<T> future = promise.get_future();
    start([promise = std::move(promise)](std::optional<Error> error, std::optional<T> result) mutable {
        if (error)
            promise.set_exception(std::make_exception_ptr(*std::move(error)));
        else
            promise.set_value(*std::move(result));
    });
    return future;
}
#endif

}  // namespace detail

/// A request to the API, as seekauth_http_request describes it.
struct HttpRequest {
    /// Required. "GET", "POST" and so on.
    Text method{};
    /// Required. Absolute, or a path from the API's root on.
    Text url{};
    /// Authorization and User-Agent are replaced.
    Headers headers{};
    /// Any bytes; empty for none.
    std::string body{};
    /// Zero means the client's own.
    milliseconds timeout{};

    /// The request as the C interface takes it; it points into this object and into the headers.
    Result<seekauth_http_request> try_c_request(const std::vector<seekauth_header> &c_headers) const {
        detail::Lender lender;
        return lender.lent(seekauth_http_request{
            sizeof(seekauth_http_request),
            lender.text("method", method),
            lender.text("url", url),
            c_headers.data(),
            c_headers.size(),
            body.data(),
            body.size(),
            detail::c_count(timeout),
        });
    }

#if SEEKAUTH_EXCEPTIONS
    /// As try_c_request(); throws.
    seekauth_http_request c_request(const std::vector<seekauth_header> &c_headers) const {
        return try_c_request(c_headers).value();
    }
#endif
};

/// A GraphQL operation, as seekauth_graphql describes it.
struct Graphql {
    /// Required. The document: a query or mutation.
    Text query{};
    /// The text of a JSON object.
    Text variables{};
    /// Which operation of the document to run; unset if it holds only one.
    Text operation_name{};
    /// Further headers, such as Accept-Language in place of the client's.
    Headers headers{};
    /// Zero means the client's own.
    milliseconds timeout{};

    /// The operation as the C interface takes it; it points into this object and into the headers.
    Result<seekauth_graphql> try_c_operation(const std::vector<seekauth_header> &c_headers) const {
        detail::Lender lender;
        return lender.lent(seekauth_graphql{
            sizeof(seekauth_graphql),
            lender.text("query", query),
            lender.text("variables", variables),
            lender.text("operation_name", operation_name),
            c_headers.data(),
            c_headers.size(),
            detail::c_count(timeout),
        });
    }

#if SEEKAUTH_EXCEPTIONS
    /// As try_c_operation(); throws.
    seekauth_graphql c_operation(const std::vector<seekauth_header> &c_headers) const {
        return try_c_operation(c_headers).value();
    }
#endif
};

/// A response of the API, read to its end. Copies share it, it never changes, and it outlives its client.
class Response {
public:
    /// Takes over a response of the C interface.
    explicit Response(seekauth_response *response) : response_(response, seekauth_response_free) {}

    /// The HTTP status.
    int status() const noexcept { return seekauth_response_status(response_.get()); }

    /// The value of the first header with this name, in capitals or not.
    std::optional<std::string> header(const std::string &name) const {
        const char *value = seekauth_response_header(response_.get(), name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    }

    /// The X-Request-Id of the request, which SEEK can be asked about. Empty if its own is not visible ASCII.
    std::string request_id() const {
        return detail::copy(seekauth_response_request_id(response_.get()));
    }

    /// All headers, their names in lower case; a response of Client::graphql() keeps none.
    Headers headers() const {
        Headers headers;
        for (std::size_t i = 0; i < seekauth_response_header_count(response_.get()); i++)
            headers.emplace_back(seekauth_response_header_name(response_.get(), i),
                                 seekauth_response_header_value(response_.get(), i));
        return headers;
    }

    /// The whole body. Valid as long as a copy of this object lives.
    std::string_view body() const noexcept {
        return {seekauth_response_body(response_.get()),
                seekauth_response_body_length(response_.get())};
    }

private:
    std::shared_ptr<seekauth_response> response_;
};

/// The authentication flow of one request to the API and, if the API rejects its token, of its one
/// repetition, for programs that send with an HTTP client of their own. seekauth_auth_flow describes the
/// order of calls. No two calls may use it at once.
class AuthFlow {
public:
    /// Takes over a flow of the C interface.
    explicit AuthFlow(seekauth_auth_flow *flow) : flow_(flow) {}

#if SEEKAUTH_EXCEPTIONS
    /// Waits for the token of the next attempt, for at most the timeout; zero means as long as the client's
    /// own timeout says. After retry() it is the one to send the request with once more, which the client
    /// may not have.
    Token get_token(milliseconds timeout = {}) const { return try_get_token(timeout).value(); }

    /// As get_token(), without waiting. The flow may be used and destroyed meanwhile.
    template <class Function, detail::IfCallback<Function, Token> = 0>
    Call get_token_async(Function &&done, milliseconds timeout = {}) const {
        return try_get_token_async(std::forward<Function>(done), timeout).value();
    }

    /// As get_token(), without waiting. Destroying the future waits for nothing.
    std::future<Token> get_token_async(milliseconds timeout = {}) const {
        return detail::future_of<Token>(
            [&](auto done) { get_token_async(std::move(done), timeout); });
    }

    /// Throws SEEKAUTH_FORBIDDEN_ORIGIN if `host` is not the host, and port, of the client's API. For a Host
    /// header that attempt(), which looks at it by itself, is not given.
    void check_host(const Text &host) const { try_check_host(host).value(); }

    /// Begins an attempt with the value of the Authorization header and the request's own headers, and
    /// gives the headers to send. Throws SEEKAUTH_TOKEN_REJECTED if the API has just rejected this value,
    /// unless get_token() gave it for the second attempt, and SEEKAUTH_FORBIDDEN_ORIGIN for a Host header of
    /// another host.
    Headers attempt(const Text &authorization, const Headers &own = {}) {
        return try_attempt(authorization, own).value();
    }

    /// Begins to inspect a response; `url` is where it came from, if redirects may have been followed.
    /// True if its body has to be fed.
    bool inspect(int status, const Text &url = {}) { return try_inspect(status, url).value(); }

    /// Prepares the second attempt after a rejection. If this does not throw, send the identical request once
    /// more, with the token that get_token() gives. Throws SEEKAUTH_TOKEN_REJECTED if there was a second
    /// attempt already, if the body cannot be sent twice, and if no other token would help.
    void retry() { try_retry().value(); }
#endif

    /// As get_token(); an error is part of the result.
    Result<Token> try_get_token(milliseconds timeout = {}) const {
        return detail::make<Token, seekauth_token>([&](auto out) {
            return seekauth_auth_flow_get_token(flow_.get(), detail::c_count(timeout), out);
        });
    }

    /// As get_token_async(); an error is part of the result.
    template <class Function, detail::IfCallback<Function, Token> = 0>
    Result<Call> try_get_token_async(Function &&done, milliseconds timeout = {}) const {
        return detail::start<Token, seekauth_token *>(
            std::forward<Function>(done), [&](auto callback, auto kept, auto call) {
                return seekauth_auth_flow_get_token_async(flow_.get(), detail::c_count(timeout), callback,
                                                          kept, call);
            });
    }

    /// As check_host(); an error is part of the result.
    Result<void> try_check_host(const Text &host) const {
        detail::Lender lender;
        const char *const c_host = lender.text("host", host);
        if (lender.failure()) return *lender.failure();
        return detail::outcome(seekauth_auth_flow_check_host(flow_.get(), c_host));
    }

    /// As attempt(); an error is part of the result.
    Result<Headers> try_attempt(const Text &authorization, const Headers &own = {}) {
        detail::Lender lender;
        const char *const value = lender.text("authorization", authorization);
        const auto c_own = lender.headers(own);
        if (lender.failure()) return *lender.failure();
        if (auto *error = seekauth_auth_flow_attempt(flow_.get(), value, c_own.data(), c_own.size()))
            return Error(error);
        Headers headers;
        for (std::size_t i = 0; i < seekauth_auth_flow_header_count(flow_.get()); i++)
            headers.emplace_back(seekauth_auth_flow_header_name(flow_.get(), i),
                                 seekauth_auth_flow_header_value(flow_.get(), i));
        return headers;
    }

    /// As inspect(); an error is part of the result.
    Result<bool> try_inspect(int status, const Text &url = {}) {
        detail::Lender lender;
        const char *const c_url = lender.text("url", url);
        if (lender.failure()) return *lender.failure();
        bool more = false;
        if (auto *error = seekauth_auth_flow_inspect(flow_.get(), status, c_url, &more))
            return Error(error);
        return more;
    }

    /// Shows the next chunk of the response's body, after any content decoding. True if more has to be fed.
    bool feed(std::string_view chunk) noexcept {
        return seekauth_auth_flow_feed(flow_.get(), chunk.data(), chunk.size());
    }

    /// Whether the API rejected the token; ask when feed() has returned false or the body has ended.
    bool rejected() noexcept { return seekauth_auth_flow_rejected(flow_.get()); }

    /// As retry(); an error is part of the result.
    Result<void> try_retry() { return detail::outcome(seekauth_auth_flow_retry(flow_.get())); }

private:
    std::unique_ptr<seekauth_auth_flow, detail::Free> flow_;
};

/// A client id and its secret, and perhaps the other secret of a rotation.
struct Credentials {
    /// The client id.
    Text client_id{};
    /// The client secret.
    Text client_secret{};
    /// The other secret of a rotation, which is tried when the server refuses the first.
    Text client_secret_next{};
};

/// A function that finds credentials: any function object that returns Credentials. Copies of one that can
/// only be moved share it.
class CredentialsFunction {
public:
    /// None.
    CredentialsFunction() noexcept = default;

    /// None.
    CredentialsFunction(std::nullptr_t) noexcept {}

    /// This function.
    template <class Function,
              std::enable_if_t<!std::is_same_v<std::decay_t<Function>, CredentialsFunction> &&
                                   std::is_invocable_r_v<Credentials, std::decay_t<Function> &>,
                               int> = 0>
    CredentialsFunction(Function &&function) {
        using Kept = std::decay_t<Function>;
        if constexpr (std::is_copy_constructible_v<Kept>) {
            function_ = std::forward<Function>(function);
        } else {
            auto shared = std::make_shared<Kept>(std::forward<Function>(function));
            function_ = [shared = std::move(shared)] { return (*shared)(); };
        }
    }

    /// Whether there is one.
    explicit operator bool() const noexcept { return static_cast<bool>(function_); }

    /// Calls it.
    Credentials operator()() const { return function_(); }

private:
    std::function<Credentials()> function_{};
};

/// Settings of a client. What is left unset, and a time of zero, means the default.
struct Options {
    /// The service that issues the tokens: `seek_api`, `seek_pass` or `oauth`. Required. `oauth` is any
    /// other endpoint with RFC 6749 client credentials.
    Text service{};
    /// The environment: `live` or `playground` (SEEK API), `staging` or `production` (SEEK Pass).
    Text environment{};
    /// The client id, as issued for the environment. Required, unless it comes from a file, a command
    /// or a callback.
    Text client_id{};
    /// The client secret, as issued with the client id; keep it in a secret store. Required, unless it
    /// comes from a file, a command or a callback.
    Text client_secret{};
    /// The application, as `name/version`; sent with every request. Required.
    Text user_agent{};
    /// The scopes to ask for; order and repetition do not matter. Separated by single spaces.
    Text scopes{};
    /// The audience to ask for, in place of the environment's own.
    Text audience{};
    /// The address of SEEK Pass, from which token endpoint and API follow. For seek_pass in production.
    Text base_url{};
    /// The URL of the token endpoint, in place of the environment's own. Required for oauth.
    Text token_url{};
    /// The URL of the API, in place of the environment's own; tokens go to its origin only.
    Text api_url{};
    /// The form of the credentials: `client_secret_post`, `client_secret_basic`,
    /// `client_secret_basic_raw`. For oauth. Default: `client_secret_post`, in the body.
    Text token_endpoint_auth_method{};
    /// The format of the token request: `form` or `json`. For oauth. Default: `form`.
    Text token_request_format{};
    /// The further members of the token request. For oauth; form-encoded, as in "a=1&b=2". Of its names
    /// `resource` alone may be repeated.
    Text extra_parameters{};
    /// Whether a response without a lifetime is accepted, as a token that does not expire. Without it
    /// such a response is an error.
    bool allow_non_expiring = false;
    /// The time that a call waits for a token, or for token and response together. Default: 30 s. A
    /// call may have a time of its own.
    milliseconds timeout{};
    /// The time that one token request may take in all. Default: 10 s.
    milliseconds request_timeout{};
    /// The time that connecting may take. Default: 5 s.
    milliseconds connect_timeout{};
    /// The time before its expiry from which a token counts as used up, at most half its life. Default:
    /// 60 s, or a tenth of the life of a token that lives for less than ten minutes.
    milliseconds refresh_margin{};
    /// Whether the token is renewed in time even while nobody asks for it.
    bool stay_warm = false;
    /// The path of a PEM file of certificate authorities to trust besides the system's.
    Text ca_file{};
    /// The `Accept-Language` of requests to the API that have none of their own, such as `en-AU`.
    Text accept_language{};
    /// The other secret of a rotation, next or previous; tried when the server refuses the first.
    Text client_secret_next{};
    /// The path of a file that holds the client id, read anew for each token request. In place of
    /// `client_id`.
    Text client_id_file{};
    /// The path of a file that holds the client secret, read anew for each token request. In place of
    /// `client_secret`; fit for a mounted Kubernetes or Docker secret.
    Text client_secret_file{};
    /// The path of a file that holds the other secret of a rotation, read for each token request.
    /// Beside `client_secret_file`.
    Text client_secret_next_file{};
    /// The path of a JSON file that holds id and secret, read anew for each token request. Its members
    /// are `client_id`, `client_secret` and perhaps `client_secret_next`. In place of all settings that
    /// hold them.
    Text credentials_file{};
    /// The program, with its arguments, that prints id and secret as JSON for each token request.
    /// Separated by spaces. It runs without a shell, within `request_timeout`, and prints what
    /// `credentials_file` would hold.
    Text credentials_command{};
    /// The path of a PEM file with the certificate to show to servers that ask for one. The
    /// certificate's chain may follow it.
    Text client_certificate_file{};
    /// The path of a PEM file with the private key of the client's certificate. Default: the
    /// certificate's file.
    Text client_key_file{};
    /// The proxy of all requests, such as `http://name:password@proxy.example:3128`, or `none`.
    /// Default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment.
    Text proxy{};
    /// Finds the credentials for each token request, in place of the settings above; see
    /// seekauth_credentials_callback. One that throws, or leaves id or secret unset, has none at present.
    CredentialsFunction credentials{};
    /// The store through which processes share tokens: `none`, `local` or the URL of a Redis server.
    /// `local:/folder` for a folder of the program's own; `rediss://user:password@host:6379/0`,
    /// `redis://…`, `redis+unix:///path`. Default: none.
    Text store{};
    /// The time that one step with the store may take before the process goes on without it. Default:
    /// 250 ms.
    milliseconds store_timeout{};
    /// The path of a file whose text seals what is stored, in place of the client secret. At least 32
    /// characters.
    Text store_key_file{};
    /// The path of a file that holds the password of the Redis server, read for each connection.
    Text store_password_file{};
    /// The path of a PEM file of the authorities to trust for `rediss`, in place of the system's.
    Text store_ca_file{};
    /// What the names of all keys on the Redis server begin with. Default: seekauth.
    Text store_prefix{};

    /// The options as the C interface takes them, without the function; they point into this object.
    Result<seekauth_options> try_c_options() const {
        using detail::c_count;
        detail::Lender lender;
        return lender.lent(seekauth_options{
            sizeof(seekauth_options),
            lender.text("service", service),
            lender.text("environment", environment),
            lender.text("client_id", client_id),
            lender.text("client_secret", client_secret),
            lender.text("user_agent", user_agent),
            lender.text("scopes", scopes),
            lender.text("audience", audience),
            lender.text("base_url", base_url),
            lender.text("token_url", token_url),
            lender.text("api_url", api_url),
            lender.text("token_endpoint_auth_method", token_endpoint_auth_method),
            lender.text("token_request_format", token_request_format),
            lender.text("extra_parameters", extra_parameters),
            allow_non_expiring,
            c_count(timeout),
            c_count(request_timeout),
            c_count(connect_timeout),
            c_count(refresh_margin),
            stay_warm,
            lender.text("ca_file", ca_file),
            lender.text("accept_language", accept_language),
            lender.text("client_secret_next", client_secret_next),
            lender.text("client_id_file", client_id_file),
            lender.text("client_secret_file", client_secret_file),
            lender.text("client_secret_next_file", client_secret_next_file),
            lender.text("credentials_file", credentials_file),
            lender.text("credentials_command", credentials_command),
            lender.text("client_certificate_file", client_certificate_file),
            lender.text("client_key_file", client_key_file),
            lender.text("proxy", proxy),
            nullptr,
            nullptr,
            nullptr,
            lender.text("store", store),
            c_count(store_timeout),
            lender.text("store_key_file", store_key_file),
            lender.text("store_password_file", store_password_file),
            lender.text("store_ca_file", store_ca_file),
            lender.text("store_prefix", store_prefix),
        });
    }

#if SEEKAUTH_EXCEPTIONS
    /// As try_c_options(); throws.
    seekauth_options c_options() const { return try_c_options().value(); }
#endif
};

namespace detail {

inline int hand_over(const Credentials &found, seekauth_credentials *credentials) {
    Lender lender;
    const char *const client_id = lender.text("client_id", found.client_id);
    const char *const client_secret = lender.text("client_secret", found.client_secret);
    const char *const next = lender.text("client_secret_next", found.client_secret_next);
    if (lender.failure()) return 1;
    return outcome(seekauth_credentials_set(credentials, client_id, client_secret, next)) ? 0 : 1;
}

inline int ask_credentials(void *function, seekauth_credentials *credentials) noexcept {
#if SEEKAUTH_EXCEPTIONS
    try {
        return hand_over((*static_cast<CredentialsFunction *>(function))(), credentials);
    } catch (...) {
        return 1;
    }
#else
    return hand_over((*static_cast<CredentialsFunction *>(function))(), credentials);
#endif
}

inline void free_credentials(void *function) noexcept {
    delete static_cast<CredentialsFunction *>(function);
}

template <class Function>
using IfEventFunction =
    std::enable_if_t<std::is_invocable_v<std::decay_t<Function> &, const Event &>, int>;

template <class Function>
void receive_event(void *function, const seekauth_event *event) noexcept {
#if SEEKAUTH_EXCEPTIONS
    try {
        (*static_cast<Function *>(function))(Event(event));
    } catch (...) {
        // Nobody waits for it.
    }
#else
    (*static_cast<Function *>(function))(Event(event));
#endif
}

template <class Function>
void free_function(void *function) noexcept {
    delete static_cast<Function *>(function);
}

}  // namespace detail

/// What a client for tests is to be like. What is left unset, and a time of zero, means the default.
struct FakeOptions {
    /// The value of the first token, visible ASCII; the ones after it end in "-2", "-3" and so on. Default:
    /// fake-token.
    Text token{};
    /// The scopes to ask for, separated by single spaces: the client is one of SEEK Pass then, and each token is
    /// granted what is asked for. Default: a client of the SEEK API, whose tokens have none.
    Text scopes{};
    /// How long each token lives. Default: half an hour.
    milliseconds lifetime{};
    /// What Client::api_url() returns: a URL on this machine. Default: one where nobody listens.
    Text api_url{};

    /// The options as the C interface takes them; they point into this object.
    Result<seekauth_fake_options> try_c_options() const {
        detail::Lender lender;
        return lender.lent(seekauth_fake_options{
            sizeof(seekauth_fake_options),
            lender.text("token", token),
            lender.text("scopes", scopes),
            detail::c_count(lifetime),
            lender.text("api_url", api_url),
        });
    }

#if SEEKAUTH_EXCEPTIONS
    /// As try_c_options(); throws.
    seekauth_fake_options c_options() const { return try_c_options().value(); }
#endif
};

/// A request to the API that a client for tests would have sent, with the token in its headers.
struct FakeRequest {
    /// The method, such as "POST".
    std::string method{};
    /// The URL, whole.
    std::string url{};
    /// All headers, their names in lower case.
    Headers headers{};
    /// The whole body.
    std::string body{};

    /// A copy of one of the C interface.
    explicit FakeRequest(const seekauth_fake_request *request)
        : method(detail::copy(seekauth_fake_request_method(request))),
          url(detail::copy(seekauth_fake_request_url(request))),
          body(seekauth_fake_request_body(request), seekauth_fake_request_body_length(request)) {
        for (std::size_t i = 0; i < seekauth_fake_request_header_count(request); i++)
            headers.emplace_back(seekauth_fake_request_header_name(request, i),
                                 seekauth_fake_request_header_value(request, i));
    }

    /// The value of the first header with this name in lower case.
    std::optional<std::string> header(const std::string &name) const {
        for (const auto &[given, value] : headers)
            if (given == name) return value;
        return std::nullopt;
    }
};

/// A response of the API, for a client for tests.
struct FakeResponse {
    /// Required. The HTTP status.
    int status{};
    /// Its headers.
    Headers headers{};
    /// Any bytes; empty for none.
    std::string body{};

    /// The response as the C interface takes it; it points into this object and into the headers.
    seekauth_fake_response c_response(const std::vector<seekauth_header> &c_headers) const noexcept {
        return {status, c_headers.data(), c_headers.size(), body.data(), body.size()};
    }
};

/// What a client for tests was asked: for a token, or to send a request to the API.
struct JournalEntry {
    /// The request to the API; unset if a token was asked for.
    std::optional<FakeRequest> request{};
    /// The scopes that a token was asked for with, separated by spaces.
    std::string scopes{};
    /// The code that the request for a token was made to fail with; SEEKAUTH_OK if it was not.
    int failure{};
};

namespace detail {

template <class Function>
using IfResponder = std::enable_if_t<
    std::is_invocable_r_v<Result<FakeResponse>, std::decay_t<Function> &, const FakeRequest &>, int>;

inline std::int32_t hand_over(const Result<FakeResponse> &response, seekauth_responder *responder) {
    if (!response) return response.error().code();
    Lender lender;
    const auto c_headers = lender.headers(response->headers);
    if (lender.failure()) return lender.failure()->code();
    const auto c_response = response->c_response(c_headers);
    return outcome(seekauth_responder_set(responder, &c_response)) ? SEEKAUTH_OK : SEEKAUTH_INVALID_ARGUMENT;
}

template <class Function>
std::int32_t respond(void *function, const seekauth_fake_request *request,
                     seekauth_responder *responder) noexcept {
#if SEEKAUTH_EXCEPTIONS
    try {
        return hand_over((*static_cast<Function *>(function))(FakeRequest(request)), responder);
    } catch (const Error &error) {
        return error.code();
    } catch (...) {
        return SEEKAUTH_INVALID_ARGUMENT;
    }
#else
    return hand_over((*static_cast<Function *>(function))(FakeRequest(request)), responder);
#endif
}

}  // namespace detail

class FakeClient;

/// Obtains, caches and renews tokens. Make one when the program starts and share it: any number of
/// threads may call its const functions at once.
///
/// Destroying a client cancels its own calls in flight and nothing else, and waits until their callbacks, and
/// the function of on_event(), have returned, so that they may use the object that has the client as a member.
/// Two things follow: no lock that a callback takes may be held meanwhile, and the client is to be declared
/// after what its callbacks use. In a callback, which cannot wait for itself, destroying one waits for none.
class Client {
public:
    /// Takes over a client of the C interface.
    explicit Client(seekauth_client *client) : client_(client) {}

#if SEEKAUTH_EXCEPTIONS
    /// Checks every setting and starts nothing: no request, no thread.
    explicit Client(const Options &options) : Client(try_create(options).value()) {}

    /// A client from the environment variables SEEKAUTH_SERVICE, SEEKAUTH_CLIENT_ID and so on.
    static Client from_env() { return try_from_env().value(); }

    /// As from_env(), from variables whose names begin with `prefix` in place of SEEKAUTH_.
    static Client from_env(const Text &prefix) { return try_from_env(prefix).value(); }

    /// A client for tests, which never touches the network.
    static FakeClient fake(const FakeOptions &options = {});

    /// A client for other scopes, separated by spaces, that shares everything else with this one and
    /// may outlive it.
    Client with_scopes(const Text &scopes) const { return try_with_scopes(scopes).value(); }

    /// The value of the Authorization header. While the token is fresh this waits for nothing.
    std::string authorization() const { return try_authorization().value(); }

    /// As authorization(), without waiting; timeouts are those of get_token().
    template <class Function, detail::IfCallback<Function, std::string> = 0>
    Call authorization_async(Function &&done, milliseconds timeout = {}) const {
        return try_authorization_async(std::forward<Function>(done), timeout).value();
    }

    /// As authorization(), without waiting. Destroying the future waits for nothing.
    std::future<std::string> authorization_async(milliseconds timeout = {}) const {
        return detail::future_of<std::string>(
            [&](auto done) { authorization_async(std::move(done), timeout); });
    }

    /// Waits for a usable token, for at most the timeout; zero means as long as the client's own
    /// timeout says. If one is in the cache it waits for nothing.
    Token get_token(milliseconds timeout = {}) const { return try_get_token(timeout).value(); }

    /// As get_token(), without waiting.
    template <class Function, detail::IfCallback<Function, Token> = 0>
    Call get_token_async(Function &&done, milliseconds timeout = {}) const {
        return try_get_token_async(std::forward<Function>(done), timeout).value();
    }

    /// As get_token(), without waiting. Destroying the future waits for nothing.
    std::future<Token> get_token_async(milliseconds timeout = {}) const {
        return detail::future_of<Token>(
            [&](auto done) { get_token_async(std::move(done), timeout); });
    }

    /// The token in the cache, if it has not expired. Never waits and never fetches.
    std::optional<Token> cached_token() const { return try_cached_token().value(); }

    /// How the store fares through which this client shares its tokens. Never waits; throws.
    StoreStatus store_status() const { return try_store_status().value(); }

    /// What this client, and those that share with it, did so far in this process, and how their tokens
    /// stand. Never waits; throws.
    Stats stats() const { return try_stats().value(); }

    /// Has the function called with what this client, and those that share with it, do and meet from now on,
    /// down to this level: `debug`, `info`, `warning` or `error`; in place of the function that was set
    /// before. It is any function object that takes a const Event &, is called on a thread of the library's
    /// own, never twice at once, and may block and call this client; see seekauth_client_set_event_callback.
    /// What it throws is ignored.
    template <class Function, detail::IfEventFunction<Function> = 0>
    void on_event(const Text &level, Function &&function) const {
        try_on_event(level, std::forward<Function>(function)).value();
    }

    /// Has no function called with events any more. One that another thread is in may still be running.
    void on_event(std::nullptr_t) const { try_on_event(nullptr).value(); }

    /// Says that an API rejected this token, or this header value. True if it was still the current one: it
    /// is set aside, and the next call waits for a new one. False if a newer one had taken its place already,
    /// if it is younger than two seconds, or if tokens were rejected so often lately that another new one
    /// would not help.
    bool invalidate(const Text &token) const { return try_invalidate(token).value(); }

    /// Says that an API rejected this token.
    bool invalidate(const Token &token) const { return invalidate(Text(token.value())); }

    /// Sends a request to the API with the token, and once more with a new one if the API rejects it;
    /// waits for the whole response. Any but a rejection is returned, redirects included.
    Response send(const HttpRequest &request) const { return try_send(request).value(); }

    /// As send(), without waiting.
    template <class Function, detail::IfCallback<Function, Response> = 0>
    Call send_async(const HttpRequest &request, Function &&done) const {
        return try_send_async(request, std::forward<Function>(done)).value();
    }

    /// As send(), without waiting. Destroying the future waits for nothing.
    std::future<Response> send_async(const HttpRequest &request) const {
        return detail::future_of<Response>([&](auto done) { send_async(request, std::move(done)); });
    }

    /// Sends a GraphQL operation to the API as send() does. The body of the response is its JSON text.
    /// Errors that the API reports in `errors` throw nothing; a response that is not GraphQL does.
    Response graphql(const Graphql &operation) const { return try_graphql(operation).value(); }

    /// As graphql(), without waiting.
    template <class Function, detail::IfCallback<Function, Response> = 0>
    Call graphql_async(const Graphql &operation, Function &&done) const {
        return try_graphql_async(operation, std::forward<Function>(done)).value();
    }

    /// As graphql(), without waiting. Destroying the future waits for nothing.
    std::future<Response> graphql_async(const Graphql &operation) const {
        return detail::future_of<Response>(
            [&](auto done) { graphql_async(operation, std::move(done)); });
    }

    /// The flow of one request to `url` that an HTTP client of the program's own carries. Throws
    /// SEEKAUTH_FORBIDDEN_ORIGIN unless it goes to scheme, host and port of the API. `replayable` says
    /// whether its body can be sent a second time.
    AuthFlow auth_flow(const Text &url, bool replayable = true) const {
        return try_auth_flow(url, replayable).value();
    }

    /// Waits until every callback of the client's calls has returned, for at most the timeout; zero means as
    /// long as the client's own timeout says. Those of a client that was not made by with_scopes() include
    /// those of the clients made from it. Cancels nothing; close() does. Throws SEEKAUTH_TIMEOUT if one has
    /// not returned by then.
    void drain(milliseconds timeout = {}) const { try_drain(timeout).value(); }
#endif

    /// As the constructor; an error is part of the result.
    static Result<Client> try_create(const Options &options) {
        auto c_options = options.try_c_options();
        if (!c_options) return c_options.error();
        if (options.credentials) {
            c_options->credentials_callback = detail::ask_credentials;
            c_options->credentials_user_data = new CredentialsFunction(options.credentials);
            c_options->credentials_free = detail::free_credentials;
        }
        return make([&](auto out) { return seekauth_client_new(&*c_options, out); });
    }

    /// As from_env(); an error is part of the result.
    static Result<Client> try_from_env() {
        return make([](auto out) { return seekauth_client_from_env(out); });
    }

    /// As from_env(); an error is part of the result.
    static Result<Client> try_from_env(const Text &prefix) {
        detail::Lender lender;
        const char *const c_prefix = lender.text("prefix", prefix);
        if (lender.failure()) return *lender.failure();
        return make([&](auto out) { return seekauth_client_from_env_with_prefix(c_prefix, out); });
    }

    /// As fake(); an error is part of the result.
    static Result<FakeClient> try_fake(const FakeOptions &options = {});

    /// As with_scopes(); an error is part of the result.
    Result<Client> try_with_scopes(const Text &scopes) const {
        detail::Lender lender;
        const char *const c_scopes = lender.text("scopes", scopes);
        if (lender.failure()) return *lender.failure();
        return make(
            [&](auto out) { return seekauth_client_with_scopes(client_.get(), c_scopes, out); });
    }

    /// As authorization(); an error is part of the result.
    Result<std::string> try_authorization() const {
        std::string value(1024, '\0');
        for (;;) {
            std::size_t length = 0;
            seekauth_error *error =
                seekauth_client_authorization(client_.get(), value.data(), value.size(), &length);
            if (error == nullptr) {
                value.resize(length);
                return value;
            }
            if (length < value.size()) return Error(error);
            seekauth_error_free(error);
            value.resize(length + 1);
        }
    }

    /// As authorization_async(); an error is part of the result.
    template <class Function, detail::IfCallback<Function, std::string> = 0>
    Result<Call> try_authorization_async(Function &&done, milliseconds timeout = {}) const {
        return detail::start<std::string, const char *>(
            std::forward<Function>(done), [&](auto callback, auto kept, auto call) {
                return seekauth_client_authorization_async(client_.get(), detail::c_count(timeout),
                                                           callback, kept, call);
            });
    }

    /// As get_token(); an error is part of the result.
    Result<Token> try_get_token(milliseconds timeout = {}) const {
        return detail::make<Token, seekauth_token>([&](auto out) {
            return seekauth_client_get_token(client_.get(), detail::c_count(timeout), out);
        });
    }

    /// As get_token_async(); an error is part of the result.
    template <class Function, detail::IfCallback<Function, Token> = 0>
    Result<Call> try_get_token_async(Function &&done, milliseconds timeout = {}) const {
        return detail::start<Token, seekauth_token *>(
            std::forward<Function>(done), [&](auto callback, auto kept, auto call) {
                return seekauth_client_get_token_async(client_.get(), detail::c_count(timeout), callback,
                                                       kept, call);
            });
    }

    /// As store_status(); an error is part of the result.
    Result<StoreStatus> try_store_status() const {
        seekauth_store_status *made = nullptr;
        if (auto *error = seekauth_client_store_status(client_.get(), &made)) return Error(error);
        const std::unique_ptr<seekauth_store_status, decltype(&seekauth_store_status_free)> status(
            made, seekauth_store_status_free);
        const auto count = [made](const char *name) { return seekauth_store_status_count(made, name); };
        const char *const problem = seekauth_store_status_last_problem(made);
        return StoreStatus{
            seekauth_store_status_kind(made),
            seekauth_store_status_usable(made),
            problem ? problem : "",
            count("reads"),
            count("adopted"),
            count("claimed"),
            count("waited"),
            count("published"),
            count("alone"),
            count("unreadable"),
            count("notes"),
            count("failures"),
            count("clock_disagreements"),
        };
    }

    /// As stats(); an error is part of the result.
    Result<Stats> try_stats() const {
        seekauth_stats *made = nullptr;
        if (auto *error = seekauth_client_stats(client_.get(), &made)) return Error(error);
        const std::unique_ptr<seekauth_stats, decltype(&seekauth_stats_free)> owned(
            made, seekauth_stats_free);
        const auto count = [made](const char *name) { return seekauth_stats_count(made, name); };
        Stats stats;
        stats.requests_succeeded = count("requests_succeeded");
        for (std::size_t i = 0; i < seekauth_stats_failure_count(made); i++) {
            const int code = seekauth_stats_failure_code(made, i);
            stats.requests_failed.emplace_back(code, seekauth_stats_failures(made, code));
        }
        stats.tokens_adopted = count("tokens_adopted");
        stats.rejections = count("rejections");
        stats.stale_served = count("stale_served");
        stats.waiting = count("waiting");
        stats.waiting_max = count("waiting_max");
        stats.waits = count("waits");
        stats.waited = milliseconds(static_cast<milliseconds::rep>(seekauth_stats_waited_ms(made)));
        stats.events_dropped = count("events_dropped");
        for (std::size_t i = 0; i < seekauth_stats_token_count(made); i++)
            stats.tokens.push_back(token_stats(made, i));
        return stats;
    }

    /// As on_event(); an error is part of the result.
    template <class Function, detail::IfEventFunction<Function> = 0>
    Result<void> try_on_event(const Text &level, Function &&function) const {
        using Kept = std::decay_t<Function>;
        detail::Lender lender;
        const char *const c_level = lender.text("level", level);
        if (lender.failure()) return *lender.failure();
        if (detail::is_empty(function)) return Error(SEEKAUTH_INVALID_ARGUMENT, "the function is empty");
        return detail::outcome(seekauth_client_set_event_callback(
            client_.get(), c_level, &detail::receive_event<Kept>, new Kept(std::forward<Function>(function)),
            &detail::free_function<Kept>));
    }

    /// As on_event(); an error is part of the result.
    Result<void> try_on_event(std::nullptr_t) const {
        return detail::outcome(
            seekauth_client_set_event_callback(client_.get(), nullptr, nullptr, nullptr, nullptr));
    }

    /// As cached_token(); an error is part of the result.
    Result<std::optional<Token>> try_cached_token() const {
        seekauth_token *token = nullptr;
        if (auto *error = seekauth_client_cached_token(client_.get(), &token)) return Error(error);
        return token == nullptr ? std::nullopt : std::optional<Token>(token);
    }

    /// As invalidate(); an error is part of the result.
    Result<bool> try_invalidate(const Text &token) const {
        detail::Lender lender;
        const char *const c_token = lender.text("token", token);
        if (lender.failure()) return *lender.failure();
        bool invalidated = false;
        if (auto *error = seekauth_client_invalidate(client_.get(), c_token, &invalidated))
            return Error(error);
        return invalidated;
    }

    /// As invalidate(); an error is part of the result.
    Result<bool> try_invalidate(const Token &token) const { return try_invalidate(Text(token.value())); }

    /// As send(); an error is part of the result.
    Result<Response> try_send(const HttpRequest &request) const {
        return with_request(request, [&](const seekauth_http_request &c_request) {
            return detail::make<Response, seekauth_response>([&](auto out) {
                return seekauth_client_send(client_.get(), &c_request, out);
            });
        });
    }

    /// As send_async(); an error is part of the result.
    template <class Function, detail::IfCallback<Function, Response> = 0>
    Result<Call> try_send_async(const HttpRequest &request, Function &&done) const {
        return with_request(request, [&](const seekauth_http_request &c_request) {
            return detail::start<Response, seekauth_response *>(
                std::forward<Function>(done), [&](auto callback, auto kept, auto call) {
                    return seekauth_client_send_async(client_.get(), &c_request, callback, kept, call);
                });
        });
    }

    /// As graphql(); an error is part of the result.
    Result<Response> try_graphql(const Graphql &operation) const {
        return with_operation(operation, [&](const seekauth_graphql &c_operation) {
            return detail::make<Response, seekauth_response>([&](auto out) {
                return seekauth_client_graphql(client_.get(), &c_operation, out);
            });
        });
    }

    /// As graphql_async(); an error is part of the result.
    template <class Function, detail::IfCallback<Function, Response> = 0>
    Result<Call> try_graphql_async(const Graphql &operation, Function &&done) const {
        return with_operation(operation, [&](const seekauth_graphql &c_operation) {
            return detail::start<Response, seekauth_response *>(
                std::forward<Function>(done), [&](auto callback, auto kept, auto call) {
                    return seekauth_client_graphql_async(client_.get(), &c_operation, callback, kept,
                                                         call);
                });
        });
    }

    /// As auth_flow(); an error is part of the result.
    Result<AuthFlow> try_auth_flow(const Text &url, bool replayable = true) const {
        detail::Lender lender;
        const char *const c_url = lender.text("url", url);
        if (lender.failure()) return *lender.failure();
        return detail::make<AuthFlow, seekauth_auth_flow>([&](auto out) {
            return seekauth_client_auth_flow(client_.get(), c_url, replayable, out);
        });
    }

    /// As drain(); an error is part of the result.
    Result<void> try_drain(milliseconds timeout = {}) const {
        return detail::outcome(seekauth_client_drain(client_.get(), detail::c_count(timeout)));
    }

    /// The address of the API that the client's tokens are for; empty if there is none.
    std::string api_url() const { return detail::copy(seekauth_client_api_url(client_.get())); }

    /// Warnings about the options, one line each; empty if there are none.
    std::string warnings() const { return seekauth_client_warnings(client_.get()); }

    /// Closes the client: calls in flight end with SEEKAUTH_CANCELLED, later ones with
    /// SEEKAUTH_CLOSED. Closing one that was not made by with_scopes() also closes those made from it,
    /// and forgets all tokens.
    void close() const noexcept { seekauth_client_close(client_.get()); }

    /// Whether it is one for tests, from fake() or made from such a one. A program may refuse to start in
    /// production with one.
    bool is_fake() const noexcept { return seekauth_client_is_fake(client_.get()); }

    /// The client for calls of the C interface; this object keeps it.
    const seekauth_client *get() const noexcept { return client_.get(); }

private:
    static TokenStats token_stats(const seekauth_stats *stats, std::size_t index) {
        const auto remaining = seekauth_stats_token_remaining_ms(stats, index);
        const auto obtained_at = seekauth_stats_token_obtained_at_ms(stats, index);
        TokenStats token;
        token.scopes = detail::copy(seekauth_stats_token_scopes(stats, index));
        token.state = detail::copy(seekauth_stats_token_state(stats, index));
        if (remaining >= 0) token.remaining = milliseconds(remaining);
        if (obtained_at >= 0)
            token.obtained_at = std::chrono::system_clock::time_point(milliseconds(obtained_at));
        token.requesting = seekauth_stats_token_requesting(stats, index);
        token.last_failure = seekauth_stats_token_last_failure(stats, index);
        return token;
    }

    template <class Function>
    static Result<Client> make(Function call) {
        return detail::make<Client, seekauth_client>(call);
    }

    // What `call` returns for the request as the C interface takes it.
    template <class Function>
    static auto with_request(const HttpRequest &request, Function call)
        -> decltype(call(std::declval<const seekauth_http_request &>())) {
        detail::Lender lender;
        const auto c_headers = lender.headers(request.headers);
        if (lender.failure()) return *lender.failure();
        const auto c_request = request.try_c_request(c_headers);
        if (!c_request) return c_request.error();
        return call(*c_request);
    }

    // What `call` returns for the operation as the C interface takes it.
    template <class Function>
    static auto with_operation(const Graphql &operation, Function call)
        -> decltype(call(std::declval<const seekauth_graphql &>())) {
        detail::Lender lender;
        const auto c_headers = lender.headers(operation.headers);
        if (lender.failure()) return *lender.failure();
        const auto c_operation = operation.try_c_operation(c_headers);
        if (!c_operation) return c_operation.error();
        return call(*c_operation);
    }

    std::unique_ptr<seekauth_client, detail::Free> client_;
};

/// A client for tests: a real one, with its cache, renewals and retries, but token endpoint and API are played.
/// It never connects to anything, its tokens go to addresses of this machine only, and its time stands still
/// until advance() moves it (only the pauses between failed attempts pass by themselves). Tokens and responses
/// that a test needs by themselves come from one.
///
/// Clients from its with_scopes() are of the same fake. One that was moved into a Client can still be told what
/// to do, by the functions of seekauth.h whose names begin with seekauth_fake_, which take its get().
class FakeClient : public Client {
public:
    /// Takes over a client of seekauth_client_fake.
    explicit FakeClient(seekauth_client *client) : Client(client) {}

#if SEEKAUTH_EXCEPTIONS
    /// From now on requests for tokens fail with this code, such as SEEKAUTH_UNAVAILABLE, and with this pause if
    /// there is one. A token that is still good is served meanwhile, as in production.
    void fail_with(int code, std::optional<milliseconds> retry_after = {}) const {
        try_fail_with(code, retry_after).value();
    }

    /// From now on requests for tokens succeed.
    void succeed() const { try_succeed().value(); }

    /// Lets time pass for the client: its tokens age, pauses end.
    void advance(milliseconds span) const { try_advance(span).value(); }

    /// Has the API respond with these, in place of what responded before: the first to the first request and so
    /// on, the last to all that follow. Without any there is no response, as at the start.
    void respond(const std::vector<FakeResponse> &responses) const { try_respond(responses).value(); }

    /// Has the API respond by a function, in place of what responded before: any function object that takes a
    /// const FakeRequest & and returns a FakeResponse, or a Result of one. A call fails with the code of the Error
    /// that it throws or returns, and with SEEKAUTH_INVALID_ARGUMENT if it throws anything else. It runs on the
    /// thread of the library that callbacks run on, never twice at once, and must not wait for a token or a
    /// response.
    template <class Function, detail::IfResponder<Function> = 0>
    void respond_with(Function &&function) const {
        try_respond_with(std::forward<Function>(function)).value();
    }

    /// What this client, and those that share with it, were asked so far, in order. What an HTTP client of the
    /// program's own sends is not in it.
    std::vector<JournalEntry> journal() const { return try_journal().value(); }
#endif

    /// As fail_with(); an error is part of the result.
    Result<void> try_fail_with(int code, std::optional<milliseconds> retry_after = {}) const {
        return detail::outcome(
            seekauth_fake_fail_with(get(), code, retry_after ? std::int64_t{retry_after->count()} : -1));
    }

    /// As succeed(); an error is part of the result.
    Result<void> try_succeed() const { return detail::outcome(seekauth_fake_succeed(get())); }

    /// As advance(); an error is part of the result.
    Result<void> try_advance(milliseconds span) const {
        return detail::outcome(seekauth_fake_advance(get(), detail::c_count(span)));
    }

    /// The time of the client.
    std::chrono::system_clock::time_point now() const noexcept {
        return std::chrono::system_clock::time_point(
            milliseconds(static_cast<milliseconds::rep>(seekauth_fake_now_ms(get()))));
    }

    /// As respond(); an error is part of the result.
    Result<void> try_respond(const std::vector<FakeResponse> &responses) const {
        detail::Lender lender;
        std::vector<std::vector<seekauth_header>> c_headers;
        std::vector<seekauth_fake_response> c_responses;
        for (const auto &response : responses) {
            c_headers.push_back(lender.headers(response.headers));
            c_responses.push_back(response.c_response(c_headers.back()));
        }
        if (lender.failure()) return *lender.failure();
        return detail::outcome(seekauth_fake_respond(get(), c_responses.data(), c_responses.size()));
    }

    /// As respond_with(); an error is part of the result.
    template <class Function, detail::IfResponder<Function> = 0>
    Result<void> try_respond_with(Function &&function) const {
        using Kept = std::decay_t<Function>;
        if (detail::is_empty(function)) return Error(SEEKAUTH_INVALID_ARGUMENT, "the function is empty");
        return detail::outcome(
            seekauth_fake_respond_with(get(), &detail::respond<Kept>,
                                       new Kept(std::forward<Function>(function)), &detail::free_function<Kept>));
    }

    /// As journal(); an error is part of the result.
    Result<std::vector<JournalEntry>> try_journal() const {
        seekauth_journal *made = nullptr;
        if (auto *error = seekauth_fake_journal(get(), &made)) return Error(error);
        const std::unique_ptr<seekauth_journal, decltype(&seekauth_journal_free)> owned(
            made, seekauth_journal_free);
        std::vector<JournalEntry> entries;
        for (std::size_t i = 0; i < seekauth_journal_count(made); i++) {
            JournalEntry entry;
            if (const auto *request = seekauth_journal_request(made, i)) entry.request.emplace(request);
            entry.scopes = detail::copy(seekauth_journal_scopes(made, i));
            entry.failure = seekauth_journal_failure(made, i);
            entries.push_back(std::move(entry));
        }
        return entries;
    }
};

inline Result<FakeClient> Client::try_fake(const FakeOptions &options) {
    const auto c_options = options.try_c_options();
    if (!c_options) return c_options.error();
    return detail::make<FakeClient, seekauth_client>(
        [&](auto out) { return seekauth_client_fake(&*c_options, out); });
}

#if SEEKAUTH_EXCEPTIONS
inline FakeClient Client::fake(const FakeOptions &options) { return try_fake(options).value(); }
#endif

/// As shutdown(); an error is part of the result.
inline Result<void> try_shutdown(milliseconds timeout = {}) {
    return detail::outcome(seekauth_shutdown(detail::c_count(timeout)));
}

#if SEEKAUTH_EXCEPTIONS
/// Ends the library's threads, connections and calls, and waits until nothing of it runs any more, for at
/// most the timeout; zero means 30 seconds. For programs that unload the library, and for those that are
/// searched for leaks. See seekauth_shutdown.
inline void shutdown(milliseconds timeout = {}) { try_shutdown(timeout).value(); }
#endif

}  // namespace seekauth

#endif  // SEEKAUTH_HPP
