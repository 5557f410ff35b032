#include <string>
#include <gtest/gtest.h>
#include <seekauth.hpp>

using namespace std::chrono_literals;

// The code under test.
std::string partner(const seekauth::Client &client) {
    seekauth::Graphql operation;
    operation.query = "{ self { partner { name } } }";
    return std::string(client.graphql(operation).body());
}

struct Partner : testing::Test {
    const seekauth::FakeClient client = seekauth::Client::fake();
    const seekauth::FakeResponse acme{200, {}, R"({"data": {"self": {"partner": {"name": "Acme"}}}})"};
    const seekauth::FakeResponse rejected{
        200, {}, R"({"errors": [{"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}]})"};
};

TEST_F(Partner, IsAskedForWithAToken) {
    client.respond({acme});
    EXPECT_NE(partner(client).find("Acme"), std::string::npos);
    EXPECT_EQ(client.journal().back().request->header("authorization"), "Bearer fake-token");
}

TEST_F(Partner, IsAskedForAgainWhenTheTokenIsRejected) {
    client.get_token();
    client.advance(2s);  // a token of two seconds counts as an old one
    client.respond({rejected, acme});
    EXPECT_NE(partner(client).find("Acme"), std::string::npos);
    EXPECT_EQ(client.journal().back().request->header("authorization"), "Bearer fake-token-2");
}

TEST_F(Partner, RespondsByAFunction) {
    client.respond_with([&](const seekauth::FakeRequest &request) {
        return request.body.find("partner") == std::string::npos ? rejected : acme;
    });
    EXPECT_NE(partner(client).find("Acme"), std::string::npos);
}

TEST_F(Partner, IsUnknownInAnOutage) {
    client.fail_with(SEEKAUTH_THROTTLED, 30s);
    try {
        partner(client);
        FAIL() << "no error";
    } catch (const seekauth::Error &error) {
        EXPECT_EQ(error.code(), SEEKAUTH_THROTTLED);
        EXPECT_EQ(error.retry_after(), 30s);
    }
    client.succeed();
    client.advance(30s);
    client.respond({acme});
    EXPECT_NE(partner(client).find("Acme"), std::string::npos);
}
