// SEEK API and SEEK Pass tokens from C++, with libcurl as the HTTP client.
//
// The SEEKAUTH_* variables say whose tokens and from where. With DEMO_SANDBOX, the admin address of
// the sandbox that plays SEEK, the steps that need one run too. Prints a line per step: its name,
// ok or wrong, what happened and microseconds, with tabs between them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <seekauth.hpp>

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr int cached_calls = 100'000;
constexpr int caller_count = 4;

std::string variable(const std::string &name) {
    const char *value = std::getenv(name.c_str());
    if (value == nullptr) throw std::runtime_error(name + " is not set");
    return value;
}

void report(const char *step, bool ok, const std::string &what, Microseconds elapsed) {
    std::printf("%s\t%s\t%s\t%.3f\n", step, ok ? "ok" : "wrong", what.c_str(), elapsed.count());
    std::fflush(stdout);
}

struct HttpResponse {
    long status = 0;
    std::string body;

    // Looking for the text is enough for this one query; a program with a JSON parser uses that.
    bool is_data() const {
        return status == 200 && body.find("\"errors\"") == std::string::npos;
    }

    // The code in the body decides: GraphQL's HTTP status is no signal.
    bool is_unauthenticated() const {
        return body.find("\"UNAUTHENTICATED\"") != std::string::npos;
    }
};

// A connection that posts JSON. Each thread has its own.
class Http {
public:
    HttpResponse post(const std::string &url, const std::string &json,
               const std::string &authorization = {}) {
        HttpResponse response;
        Headers headers(curl_slist_append(nullptr, "Content-Type: application/json"));
        if (!authorization.empty())
            headers.reset(curl_slist_append(headers.release(),
                                            ("Authorization: " + authorization).c_str()));
        CURL *curl = curl_.get();
        curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
        curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent_.c_str());
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.c_str());
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response.body);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        const CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK) throw std::runtime_error(url + ": " + curl_easy_strerror(code));
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response.status);
        return response;
    }

    // A query to the SEEK API.
    HttpResponse ask(const seekauth::Client &client, const std::string &authorization) {
        return post(client.api_url(), R"({"query": "{ self { partner { name } } }"})",
                    authorization);
    }

    // Adds a credential at SEEK Pass and returns the HTTP status.
    long add(const std::string &credential_type, const std::string &authorization) {
        const auto path = "/api/partner/v1/add/" + credential_type + ".json";
        return post(variable("DEMO_PASS_URL") + path, R"({"id": "demo-1"})", authorization).status;
    }

private:
    struct Free {
        void operator()(CURL *curl) const { curl_easy_cleanup(curl); }
        void operator()(curl_slist *headers) const { curl_slist_free_all(headers); }
    };
    using Headers = std::unique_ptr<curl_slist, Free>;

    static std::size_t receive(char *data, std::size_t size, std::size_t count, void *body) {
        static_cast<std::string *>(body)->append(data, size * count);
        return size * count;
    }

    std::string user_agent_ = variable("SEEKAUTH_USER_AGENT");
    std::unique_ptr<CURL, Free> curl_{curl_easy_init()};
};

seekauth::Client seek_pass(const std::string &secret) {
    seekauth::Options options;
    options.service = "seek_pass";
    options.environment = "staging";
    options.client_id = variable("DEMO_PASS_CLIENT_ID");
    options.client_secret = secret;
    options.user_agent = variable("SEEKAUTH_USER_AGENT");
    options.scopes = "write.education";
    options.base_url = variable("DEMO_PASS_URL");
    return seekauth::Client(options);
}

std::string http_status(long status) { return "HTTP " + std::to_string(status); }

// The first call asks the token endpoint.
void token(const seekauth::Client &client) {
    const auto started = Clock::now();
    const auto token = client.get_token();
    const auto elapsed = Clock::now() - started;
    const auto seconds = (token.remaining().count() + 500) / 1000;
    report("token", seconds > 0, "expires in " + std::to_string(seconds) + " s", elapsed);
}

// A request to the SEEK API.
void graphql(const seekauth::Client &client, Http &http) {
    const auto started = Clock::now();
    const auto response = http.ask(client, client.authorization());
    report("graphql", response.is_data(), http_status(response.status), Clock::now() - started);
}

// The same token again, without a request: the time that one call takes.
void cache(const seekauth::Client &client) {
    const std::string first = client.get_token().authorization();
    std::string authorization;
    const auto started = Clock::now();
    for (int call = 0; call < cached_calls; call++) authorization = client.authorization();
    const Microseconds elapsed = Clock::now() - started;
    report("cache", authorization == first, "the same token", elapsed / cached_calls);
}

// A SEEK Pass token, and a credential added with it.
void pass_token(const seekauth::Client &client, Http &http) {
    const auto started = Clock::now();
    const long status = http.add("education", client.authorization());
    report("pass", status == 201, http_status(status), Clock::now() - started);
}

// Another scope is another token, from a client that shares everything else.
void other_scope(const seekauth::Client &client, Http &http) {
    const auto started = Clock::now();
    const auto authorization = client.with_scopes("write.microcredential").authorization();
    const long status = http.add("microcredential", authorization);
    const auto elapsed = Clock::now() - started;
    const bool another = authorization != client.authorization();
    report("scope", another && status == 201, http_status(status), elapsed);
}

struct Worked {
    int calls = 0;
    int refused = 0;
    Clock::duration longest{};
};

Worked work(const seekauth::Client &client, const std::string &first) {
    Worked worked;
    Http http;
    std::string authorization;
    do {
        const auto started = Clock::now();
        authorization = client.authorization();
        worked.longest = std::max(worked.longest, Clock::now() - started);
        worked.calls++;
        if (http.add("education", authorization) != 201) worked.refused++;
    } while (authorization == first);
    return worked;
}

// Callers that never pause, until all have used a renewed token: the longest wait for one.
void renewal(const seekauth::Client &client) {
    const auto first = client.authorization();
    std::vector<std::future<Worked>> callers;
    for (int i = 0; i < caller_count; i++)
        callers.push_back(std::async(std::launch::async, work, std::cref(client), first));
    Worked total;
    for (auto &caller : callers) {
        const Worked worked = caller.get();
        total.calls += worked.calls;
        total.refused += worked.refused;
        total.longest = std::max(total.longest, worked.longest);
    }
    const auto what =
        std::to_string(total.refused) + " of " + std::to_string(total.calls) + " refused";
    report("renewal", total.refused == 0, what, total.longest);
}

// The API refuses a token: say so to the client, and ask again with the next one.
void revoked(const seekauth::Client &client, Http &http, const std::string &sandbox) {
    const auto authorization = client.authorization();
    http.post(sandbox + "/revoke", R"({"token": ")" + authorization + R"("})");

    const auto started = Clock::now();
    auto response = http.ask(client, authorization);
    const bool refused = response.is_unauthenticated();
    if (refused) {
        client.invalidate(authorization);
        response = http.ask(client, client.authorization());
    }
    const auto elapsed = Clock::now() - started;
    const std::string first = refused ? "refused" : "not refused";
    const auto what = first + ", then " + std::to_string(response.status);
    report("revoked", refused && response.is_data(), what, elapsed);
}

// What a wrong secret looks like.
void wrong_secret() {
    const auto started = Clock::now();
    try {
        seek_pass("not the secret").get_token();
    } catch (const seekauth::Error &error) {
        const auto elapsed = Clock::now() - started;
        const bool expected = error.code() == SEEKAUTH_INVALID_CREDENTIALS && !error.retryable();
        const std::string retryable = error.retryable() ? " (retryable): " : " (not retryable): ";
        report("secret", expected, error.name() + retryable + error.what(), elapsed);
    }
}

int main() {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    try {
        const auto client = seekauth::Client::from_env();
        Http http;
        token(client);
        if (variable("SEEKAUTH_SERVICE") == "seek_api") graphql(client, http);
        cache(client);
        if (std::getenv("DEMO_SANDBOX") != nullptr) {
            const auto pass_client = seek_pass(variable("DEMO_PASS_CLIENT_SECRET"));
            pass_token(pass_client, http);
            other_scope(pass_client, http);
            renewal(pass_client);
            revoked(client, http, variable("DEMO_SANDBOX"));
            wrong_secret();
        }
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
    curl_global_cleanup();
}
