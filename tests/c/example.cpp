// Prints how long the current SEEK Pass token is good for. Everything comes from the environment:
// SEEKAUTH_SERVICE, SEEKAUTH_ENVIRONMENT, SEEKAUTH_CLIENT_ID, SEEKAUTH_CLIENT_SECRET, ...
#include <iostream>

#include <seekauth.hpp>

int main() {
    try {
        const auto client = seekauth::Client::from_env();
        const std::string header = client.authorization();  // later ones come out of the cache
        const auto seconds = client.get_token().remaining().count() / 1000;
        std::cout << header.substr(0, 7) << "... is good for " << seconds << " s\n";
    } catch (const seekauth::Error &error) {
        std::cerr << error.name() << ": " << error.what() << '\n';
        return 1;
    }
}
