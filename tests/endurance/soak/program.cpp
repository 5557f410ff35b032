// Uses a client for as long as it is told to, from many threads, and reports every use in the lines that
// program.py describes.
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <curl/curl.h>
#include <seekauth.hpp>

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr int hot_calls = 50;  // in a round, besides the one whose token is used
constexpr milliseconds new_client_timeout{3000};

std::atomic<bool> stopping{false};

std::string variable(const std::string &name) {
    const char *value = std::getenv(name.c_str());
    if (value == nullptr) throw std::runtime_error(name + " is not set");
    return value;
}

milliseconds pause_between_rounds() {
    static const milliseconds pause{std::stoi(variable("SOAK_PAUSE_MS"))};
    return pause;
}

long long in_ms(system_clock::time_point time) {
    return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

long long now() { return in_ms(system_clock::now()); }

void failed(const char *name, long long asked, const seekauth::Error &error) {
    std::printf("failed\t%s\t%lld\t%lld\t%s\n", name, asked, now(), error.name());
}

// Where the tokens of a client are used, and how.
struct Api {
    const char *name;
    std::string url;
    const char *body;
    long status;
};

// A connection to the API. Each thread has its own.
class Http {
public:
    std::string post(const Api &api, const std::string &authorization) {
        std::string body;
        long status = 0;
        curl_slist *headers = curl_slist_append(nullptr, "Content-Type: application/json");
        headers = curl_slist_append(headers, ("Authorization: " + authorization).c_str());
        CURL *curl = curl_.get();
        curl_easy_setopt(curl, CURLOPT_URL, api.url.c_str());
        curl_easy_setopt(curl, CURLOPT_CAINFO, std::getenv("SEEKAUTH_CA_FILE"));
        curl_easy_setopt(curl, CURLOPT_USERAGENT, std::getenv("SEEKAUTH_USER_AGENT"));
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, api.body);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        const CURLcode code = curl_easy_perform(curl);
        curl_slist_free_all(headers);
        if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (status == 401 || body.find("UNAUTHENTICATED") != std::string::npos) return "refused";
        return status == api.status && body.find("errors") == std::string::npos ? "ok" : "broken";
    }

private:
    struct Free {
        void operator()(CURL *curl) const { curl_easy_cleanup(curl); }
    };

    static std::size_t receive(char *data, std::size_t size, std::size_t count, void *body) {
        static_cast<std::string *>(body)->append(data, size * count);
        return size * count;
    }

    std::unique_ptr<CURL, Free> curl_{curl_easy_init()};
};

void use(const Api &api, const seekauth::Client &client, Http &http, int round) {
    const auto asked = now();
    std::string authorization;
    long long expires = 0;
    try {
        if (round % 3 == 0) {
            authorization = client.authorization();
        } else {
            const auto timeout = api.name == std::string("new") ? new_client_timeout : milliseconds{};
            const auto token = round % 3 == 1 ? client.get_token(timeout)
                                              : client.get_token_async(timeout).get();
            authorization = token.authorization();
            expires = in_ms(token.expires_at());
        }
    } catch (const seekauth::Error &error) {
        failed(api.name, asked, error);
        return;
    }
    const auto handed = now();
    const auto verdict = http.post(api, authorization);
    std::printf("used\t%s\t%lld\t%lld\t%lld\t%lld\t%s\t%s\n", api.name, asked, handed, now(), expires,
                verdict.c_str(), authorization.c_str());
    if (verdict == "refused") client.invalidate(authorization);
}

void caller(const seekauth::Client &client) {
    Http http;
    const Api api{"main", client.api_url(), R"({"query": "{ self { partner { name } } }"})", 200};
    for (int round = 0; !stopping; round++) {
        auto asked = now();
        try {
            for (int call = 0; call < hot_calls; call++) {
                asked = now();
                client.authorization();
            }
        } catch (const seekauth::Error &error) {
            failed("main", asked, error);
        }
        use(api, client, http, round);
        std::this_thread::sleep_for(pause_between_rounds());
    }
}

// Clients come and go, with and without a request under way.
void new_clients() {
    Http http;
    const Api api{"new", variable("SOAK_NEW_URL"), R"({"id": "soak"})", 201};
    while (!stopping) {
        use(api, seekauth::Client::from_env(), http, 1);
        seekauth::Client::from_env().get_token_async();
        std::this_thread::sleep_for(pause_between_rounds());
    }
}

// The settings of the clients that come and go in place of those of the one that lives.
void swap_settings() {
    for (const std::string name : {"SERVICE", "ENVIRONMENT", "CLIENT_ID", "CLIENT_SECRET", "BASE_URL", "SCOPES",
                                   "USER_AGENT"})
        setenv(("SEEKAUTH_" + name).c_str(), variable("SOAK_NEW_" + name).c_str(), 1);
    unsetenv("SEEKAUTH_TOKEN_URL");
    unsetenv("SEEKAUTH_API_URL");
}

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 8192);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    {
        const auto client = seekauth::Client::from_env();
        swap_settings();
        const int callers = std::stoi(variable("SOAK_CALLERS"));
        const int comers = std::stoi(variable("SOAK_NEW_CLIENTS"));
        std::vector<std::thread> threads;
        for (int i = 0; i < callers; i++) threads.emplace_back([&client] { caller(client); });
        for (int i = 0; i < comers; i++) threads.emplace_back(new_clients);
        for (std::string line; std::getline(std::cin, line);) {
            malloc_trim(0);
            std::puts("measured\t0");
        }
        stopping = true;
        for (auto &thread : threads) thread.join();
    }
    curl_global_cleanup();
}
