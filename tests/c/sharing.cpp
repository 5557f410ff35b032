// One token for several clients, by way of a store in a folder.

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include <unistd.h>

#include "check.h"
#include "sandbox_options.hpp"

using seekauth::Client;
using seekauth::Options;
using seekauth::StoreStatus;

namespace {

Options options(const std::string &store) {
    Options options = api_client();
    options.store = store;
    options.store_timeout = std::chrono::minutes(1); // valgrind is slow
    return options;
}

/// A caller has its token when the store takes longer than a moment, as under valgrind; what counts follows.
bool is_published(const Client &client) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (client.store_status().published == 0 && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    return client.store_status().published == 1;
}

void a_token_is_taken_over() {
    char folder[] = "/tmp/seekauth-XXXXXX";
    CHECK(mkdtemp(folder) != nullptr);
    const std::string store = std::string("local:") + folder;
    const Client first(options(store)), second(options(store));
    const std::string value = first.get_token().value();
    CHECK(is_published(first));
    CHECK(second.get_token().value() == value);
    const StoreStatus status = second.store_status();
    CHECK(status.kind == "local" && status.usable && status.last_problem.empty());
    CHECK(status.adopted == 1 && status.claimed == 0 && status.published == 0);
    CHECK(std::system((std::string("rm -r ") + folder).c_str()) == 0);
}

void a_client_without_a_store_has_none() {
    const Client client(options("none"));
    const StoreStatus status = client.store_status();
    CHECK(status.kind == "none" && !status.usable && status.reads == 0);
}

} // namespace

int main() {
    a_token_is_taken_over();
    a_client_without_a_store_has_none();
    return checks_failed();
}
