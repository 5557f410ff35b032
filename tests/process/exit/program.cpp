// Brings a client to a stage and leaves the process in a way, as run.py tells it to.
//
//     exit-cpp STAGE WAY
//
// The client is a global, so that its destructor runs when the process exits, whatever is under way.
// Prints `ready` and the number of token requests that belong to the stage, reads a line, and leaves.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <unistd.h>

#include <seekauth.hpp>

constexpr int code = 7;
constexpr int waiters = 4;
// Too short for any response, so that no caller waits for the request any more.
constexpr seekauth::milliseconds gives_up_after{10};

std::optional<seekauth::Client> client;

[[noreturn]] void misused(const char *what) {
    std::fprintf(stderr, "%s\n", what);
    _exit(2);
}

// A thread that waits must have a client that outlives the wait, which a global does not.
void wait_in_threads() {
    auto own = std::make_shared<seekauth::Client>(seekauth::Client::from_env());
    for (int i = 0; i < waiters; i++)
        std::thread([own] {
            try {
                own->get_token();
            } catch (const seekauth::Error &) {
                // The exit may close the wait.
            }
        }).detach();
}

// A function that never returns belongs to a client that is never destroyed.
void hang_in_an_event() {
    static std::promise<void> told;
    const auto own = new seekauth::Client(seekauth::Client::from_env());
    own->on_event("debug", [](const seekauth::Event &) {
        told.set_value();
        for (;;) pause();
    });
    own->close();
    told.get_future().wait();
}

// Returns how many token requests that takes.
int reach(const std::string &stage) {
    if (stage == "nothing") return 0;
    client = seekauth::Client::from_env();
    if (stage == "before") return 0;
    if (stage == "told") {
        hang_in_an_event();
        return 0;
    }
    if (stage == "flight") {
        try {
            client->get_token(gives_up_after);
        } catch (const seekauth::Error &) {
            // As it should be.
        }
        return 1;
    }
    if (stage == "refresh") {
        client->get_token();
        return 2;
    }
    for (int i = 0; i < waiters; i++) client->get_token_async();
    if (stage == "closed" || stage == "freed") return 1;
    if (stage != "waiters" && stage != "landing" && stage != "lookup") misused("no such stage");
    wait_in_threads();
    return 2;
}

template <class Leave>
[[noreturn]] void in_thread(Leave leave) {
    std::thread(leave).detach();
    for (;;) pause();
}

int leave(const std::string &way) {
    if (way == "return") return code;
    if (way == "exit") std::exit(code);
    if (way == "exit in a thread") in_thread([] { std::exit(code); });
    if (way == "_exit") _exit(code);
    if (way == "_exit in a thread") in_thread([] { _exit(code); });
    if (way == "quick_exit") std::quick_exit(code);
    if (way == "abort") std::abort();
    if (way == "uncaught") throw std::runtime_error("the program's own");
    if (way == "SIGINT") std::raise(SIGINT);
    if (way == "close at exit") {
        std::atexit([] {
            if (client) client->close();
        });
        return code;
    }
    misused("no such way");
}

int main(int count, char **arguments) {
    if (count != 3) misused("usage: exit-cpp STAGE WAY");
    const std::string stage = arguments[1];
    std::cout << "ready " << reach(stage) << std::endl;
    std::string line;
    if (!std::getline(std::cin, line)) misused("nobody told the program to leave");
    if (stage == "closed") client->close();
    if (stage == "freed") client.reset();
    return leave(arguments[2]);
}
