// The C++ program of the canary test: does what story.py tells it and shows whatever it can see.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>

#include <seekauth.hpp>

#include "../../c/wire.h"

namespace {

using seekauth::Client;
using seekauth::Options;

std::map<std::string, Client> clients;
std::string planted;

// Those that were shown.
std::atomic<int> events{0};

// In one call, for the library's thread that tells of events comes here too.
void say(const char *kind, const std::string &text) {
    std::string line = text;
    for (char &letter : line)
        if (letter == '\n') letter = ' ';
    std::printf("%s\t%s\n", kind, line.c_str());
}

void show(const std::string &text) { say("shown", text); }

void complain(const seekauth::Error &error) {
    say("error", error.what());
    say("error", error.name());
    say("error", error.server_code());
    say("error", error.target());
    say("error", error.request_id());
    say("error", error.server_message());
    say("error", error.server_path());
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
        {"token_url", &Options::token_url},
        {"api_url", &Options::api_url},
        {"token_endpoint_auth_method", &Options::token_endpoint_auth_method},
        {"extra_parameters", &Options::extra_parameters},
        {"ca_file", &Options::ca_file},
        {"accept_language", &Options::accept_language},
        {"client_secret_next", &Options::client_secret_next},
        {"client_secret_file", &Options::client_secret_file},
        {"credentials_file", &Options::credentials_file},
        {"credentials_command", &Options::credentials_command},
        {"proxy", &Options::proxy},
        {"store", &Options::store},
        {"store_key_file", &Options::store_key_file},
    };
    if (const auto found = texts.find(name); found != texts.end())
        options.*found->second = value;
    else if (name == "timeout_ms")
        options.timeout = seekauth::milliseconds(std::stoll(value));
    else if (name == "store_timeout_ms")
        options.store_timeout = seekauth::milliseconds(std::stoll(value));
}

void new_client() {
    Options options;
    for (std::size_t i = 0; i < request.count; i++) set(options, request.names[i], request.values[i]);
    if (argument("callback") != nullptr)
        options.credentials = [id = std::string(text("callback_id")), secret = std::string(text("callback"))] {
            return seekauth::Credentials{id, secret, std::nullopt};
        };
    if (argument("callback_fails") != nullptr)
        options.credentials = [words = std::string(text("callback_fails"))]() -> seekauth::Credentials {
            throw std::runtime_error(words);
        };
    Client client(options);
    client.on_event("debug", [](const seekauth::Event &event) {
        show(std::string(event.name()));
        show(std::string(event.message()));
        for (const auto &[name, value] : event.fields()) show(name + ": " + value);
        events++;
    });
    clients.insert_or_assign(text("handle"), std::move(client));
}

const Client &client() {
    const auto found = clients.find(text("handle"));
    if (found == clients.end()) throw std::out_of_range("there is no such client");
    return found->second;
}

void show_response(const seekauth::Response &response) {
    for (const auto &[name, value] : response.headers()) show(std::string(name) + ": " + std::string(value));
    show(std::string(response.body()));
}

void get() {
    const auto token = client().get_token();
    for (const auto &scope : token.scopes()) show(std::string(scope));
}

void send() {
    seekauth::HttpRequest http;
    http.method = "POST";
    http.url = text("url");
    http.headers = {{"Content-Type", "application/json"}};
    http.body = "{\"query\": \"{ self { partner { name } } }\"}";
    show_response(client().send(http));
    show_response(client().send_async(http).get());
}

void graphql() {
    seekauth::Graphql operation;
    operation.query = "{ self { partner { name } } }";
    show_response(client().graphql(operation));
}

void show_all() {
    show(client().api_url());
    const auto status = client().store_status();
    show(status.kind);
    show(status.last_problem);
    for (const auto &token : client().stats().tokens) show(token.scopes + " " + token.state);
}

void plant() {
    std::ofstream file("planted.bin");
    for (const char *byte = text("file"); *byte != '\0'; byte++) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(*byte));
        file << digits;
    }
    std::puts(text("stdout"));
    std::fprintf(stderr, "%s\n", text("stderr"));
    try {
        throw std::runtime_error(text("error"));
    } catch (const std::exception &error) {
        say("error", error.what());
    }
    show(text("shown"));
    planted = text("memory");
}

void end() {
    for (const auto &[name, one] : clients) {
        one.close();
        one.drain();
    }
    clients.clear();
    if (events < 32) {
        std::fprintf(stderr, "hardly any event was told\n");
        std::exit(2);
    }
}

const std::map<std::string, std::function<void()>> verbs = {
    {"new", new_client},
    {"get", get},
    {"show", show_all},
    {"graphql", graphql},
    {"send", send},
    {"panic", [] {}},
    {"close", [] { client().close(); clients.erase(text("handle")); }},
    {"plant", plant},
    {"end", end},
};

void carry_out() {
    try {
        verbs.at(request.verb)();
    } catch (const seekauth::Error &error) {
        complain(error);
    } catch (const std::exception &error) {
        say("error", error.what());
    }
}

}  // namespace

int main() {
    static char line[1 << 16];
    // A buffer of the C library's would keep what was read.
    std::setvbuf(stdin, nullptr, _IONBF, 0);
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        parse(line);
        carry_out();
        explicit_bzero(line, sizeof line);
        std::puts("done");
        std::fflush(stdout);
    }
    return planted.empty() ? 1 : 0;
}
