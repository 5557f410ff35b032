// The header alone, at the top of a file, with the functions that a program without exceptions has.

#include "seekauth.hpp"

#include <cstdlib>
#include <memory>

namespace {

seekauth::Options options() {
#if __cplusplus >= 202002L
    return {.service = "seek_api", .environment = std::getenv("SEEKAUTH_TESTS_HAVE_NO_SUCH_VARIABLE")};
#else
    seekauth::Options options;
    options.service = "seek_api";
    options.environment = std::getenv("SEEKAUTH_TESTS_HAVE_NO_SUCH_VARIABLE");
    return options;
#endif
}

bool is_refused(const seekauth::Error &error) { return error.code() == SEEKAUTH_INVALID_ARGUMENT; }

}  // namespace

int main() {
#if __cplusplus >= 202002L
    const seekauth::Graphql operation{.query = "{ self { partner { name } } }"};
    const seekauth::HttpRequest request{.method = "GET", .url = "/"};
#else
    const seekauth::Graphql operation;
    const seekauth::HttpRequest request;
#endif
    const auto client = seekauth::Client::try_create(options());
    if (client || !is_refused(client.error())) return 1;

    seekauth::Options complete = options();
    complete.environment = "live";
    complete.client_id = "id";
    complete.client_secret = "of-nobody";
    complete.user_agent = "hosts/1.0";
    const auto made = seekauth::Client::try_create(complete);
    if (!made) return 2;
    made->close();
    auto owned = std::make_unique<int>(0);
    const auto refused = made->try_get_token_async(
        [owned = std::move(owned)](std::optional<seekauth::Error>, std::optional<seekauth::Token>) { ++*owned; },
        std::chrono::milliseconds(-1));
    if (refused || !is_refused(refused.error())) return 3;
    if (made->try_graphql(operation) || made->try_send(request) || !made->try_drain()) return 4;
#if __cplusplus >= 202002L
    const auto fake = seekauth::Client::try_fake({.token = "t", .lifetime = std::chrono::minutes(1)});
    if (!fake || !fake->try_respond({{.status = 204}})) return 8;
#else
    const auto fake = seekauth::Client::try_fake();
    if (!fake || !fake->try_respond({})) return 8;
#endif
    if (!fake->try_advance(std::chrono::hours(1)) || fake->try_journal()->size() != 0) return 9;
#if SEEKAUTH_EXCEPTIONS
    try {
        seekauth::Client(options()).get_token();
        return 5;
    } catch (const seekauth::Error &error) {
        if (!is_refused(error)) return 6;
    }
#endif
    return seekauth::try_shutdown() ? 0 : 7;
}
