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

constexpr int callers = 6;
constexpr int hot_calls = 50;  // in a round, besides the one whose token is used
constexpr milliseconds pause_between_rounds{200};
constexpr milliseconds new_client_timeout{3000};

std::atomic<bool> stopping{false};

long long in_ms(system_clock::time_point time) {
    return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

long long now() { return in_ms(system_clock::now()); }

void failed(const char *name, long long asked, const seekauth::Error &error) {
    std::printf("failed\t%s\t%lld\t%lld\t%s\n", name, asked, now(), error.name());
}

// A connection to the API. Each thread has its own.
class Http {
public:
    std::string post(const std::string &url, const std::string &authorization) {
        std::string body;
        long status = 0;
        curl_slist *headers = curl_slist_append(nullptr, "Content-Type: application/json");
        headers = curl_slist_append(headers, ("Authorization: " + authorization).c_str());
        CURL *curl = curl_.get();
        curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
        curl_easy_setopt(curl, CURLOPT_USERAGENT, std::getenv("SEEKAUTH_USER_AGENT"));
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, R"({"query": "{ self { partner { name } } }"})");
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        const CURLcode code = curl_easy_perform(curl);
        curl_slist_free_all(headers);
        if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (body.find("UNAUTHENTICATED") != std::string::npos) return "refused";
        return status == 200 && body.find("errors") == std::string::npos ? "ok" : "broken";
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

void use(const char *name, const seekauth::Client &client, Http &http, int round) {
    const auto asked = now();
    std::string authorization;
    long long expires = 0;
    try {
        if (round % 3 == 0) {
            authorization = client.authorization();
        } else {
            const auto timeout = name == std::string("new") ? new_client_timeout : milliseconds{};
            const auto token = round % 3 == 1 ? client.get_token(timeout)
                                              : client.get_token_async(timeout).get();
            authorization = token.authorization();
            expires = in_ms(token.expires_at());
        }
    } catch (const seekauth::Error &error) {
        failed(name, asked, error);
        return;
    }
    const auto handed = now();
    const auto verdict = http.post(client.api_url(), authorization);
    std::printf("used\t%s\t%lld\t%lld\t%lld\t%lld\t%s\t%s\n", name, asked, handed, now(), expires,
                verdict.c_str(), authorization.c_str());
    if (verdict == "refused") client.invalidate(authorization);
}

void caller(const seekauth::Client &client) {
    Http http;
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
        use("main", client, http, round);
        std::this_thread::sleep_for(pause_between_rounds);
    }
}

// Clients come and go, with and without a request under way.
void new_clients() {
    Http http;
    while (!stopping) {
        use("new", seekauth::Client::from_env(), http, 1);
        seekauth::Client::from_env().get_token_async();
        std::this_thread::sleep_for(pause_between_rounds);
    }
}

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 8192);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    {
        const auto client = seekauth::Client::from_env();
        // Those that come and go have a name of their own, so that the sandbox counts them apart.
        setenv("SEEKAUTH_USER_AGENT", "soak-new/1.0", 1);
        std::vector<std::thread> threads;
        for (int i = 0; i < callers; i++) threads.emplace_back([&client] { caller(client); });
        threads.emplace_back(new_clients);
        for (std::string line; std::getline(std::cin, line);) {
            malloc_trim(0);
            std::puts("measured");
        }
        stopping = true;
        for (auto &thread : threads) thread.join();
    }
    curl_global_cleanup();
}
