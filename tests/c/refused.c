/* A system that refuses a thread or a descriptor: an error that may be retried and names the limit, for calls
 * that block and for those that call back, and no end of the program. Once the limit is lifted, the same
 * client works. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin.h"
#include "outcome.h"

enum { HANGS_AFTER_S = 120, OF_NOBODY = 54321, FEW = 1024 };

static rlim_t set_limit(int resource, rlim_t limit) {
    struct rlimit now;
    CHECK(getrlimit(resource, &now) == 0);
    const rlim_t before = now.rlim_cur;
    now.rlim_cur = limit < now.rlim_max ? limit : now.rlim_max;
    CHECK(setrlimit(resource, &now) == 0);
    return before;
}

static void on_nothing(void *user_data, seekauth_error *error, seekauth_token *token) {
    (void)user_data;
    seekauth_error_free(error);
    seekauth_token_free(token);
    CHECK(!"a call that failed must not run its callback");
}

static void is_refused(seekauth_error *error, const char *limit) {
    CHECK(seekauth_error_retryable(error));
    CHECK_ERROR(error, SEEKAUTH_UNAVAILABLE, limit);
}

/* Of any kind, as long as it may be retried and names the limit. */
static void is_passing(seekauth_error *error, const char *limit) {
    CHECK(seekauth_error_retryable(error));
    CHECK_ERROR(error, seekauth_error_code(error), limit);
}

/* Every way to wait for a token. */
static void calls_are_refused(const seekauth_client *client, const char *limit) {
    char header[4096];
    seekauth_token *token = NULL;
    seekauth_response *response = NULL;
    seekauth_auth_flow *flow = NULL;
    seekauth_graphql query = SEEKAUTH_GRAPHQL_INIT;
    seekauth_http_request get = SEEKAUTH_HTTP_REQUEST_INIT;
    query.query = "{ self { partner { name } } }";
    get.method = "GET";
    get.url = "/";
    CHECK_OK(seekauth_client_auth_flow(client, seekauth_client_api_url(client), true, &flow));
    is_refused(seekauth_client_get_token(client, 0, &token), limit);
    is_refused(seekauth_client_authorization(client, header, sizeof header, NULL), limit);
    is_refused(seekauth_client_get_token_async(client, 0, on_nothing, NULL, NULL), limit);
    is_refused(seekauth_auth_flow_get_token(flow, 0, &token), limit);
    is_refused(seekauth_auth_flow_get_token_async(flow, 0, on_nothing, NULL, NULL), limit);
    is_refused(seekauth_client_send(client, &get, &response), limit);
    is_refused(seekauth_client_graphql(client, &query, &response), limit);
    CHECK(token == NULL && response == NULL);
    seekauth_auth_flow_free(flow);
}

static void works(const seekauth_client *client) {
    seekauth_token *token = NULL;
    CHECK_OK(seekauth_client_get_token(client, 0, &token));
    CHECK(seekauth_token_remaining_ms(token) > 0);
    seekauth_token_free(token);
}

static void no_thread(void) {
    seekauth_options options = api_options();
    seekauth_client *client = make_client(&options);
    const rlim_t before = set_limit(RLIMIT_NPROC, 0);
    calls_are_refused(client, "RLIMIT_NPROC");
    set_limit(RLIMIT_NPROC, before);
    works(client);
    seekauth_client_free(client);
}

/* The worker runs, and what it wants a thread for does not. */
static int finds(void *user_data, seekauth_credentials *credentials) {
    (void)user_data;
    seekauth_error_free(seekauth_credentials_set(credentials, "sandbox-playground",
                                                 "sandbox-playground-secret", NULL));
    return 0;
}

static void no_further_thread(void) {
    seekauth_options options = api_options();
    seekauth_client *first = make_client(&options), *second;
    seekauth_token *token = NULL;
    works(first);
    options.client_id = options.client_secret = NULL;
    options.credentials_callback = finds;
    options.timeout_ms = 200;
    second = make_client(&options);
    const rlim_t before = set_limit(RLIMIT_NPROC, 0);
    seekauth_error *error = seekauth_client_get_token(second, 0, &token);
    is_passing(error, "RLIMIT_NPROC");
    set_limit(RLIMIT_NPROC, before);
    seekauth_error_free(seekauth_client_get_token(second, 60000, &token));
    CHECK(token != NULL);
    seekauth_token_free(token);
    seekauth_client_free(first);
    seekauth_client_free(second);
}

/* Opens descriptors until there is no more. */
static size_t use_up(int *opened, int limit) {
    size_t count = 0;
    set_limit(RLIMIT_NOFILE, (rlim_t)limit);
    while (count < FEW && (opened[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    CHECK(count < FEW);
    return count;
}

static void give_back(const int *opened, size_t count) {
    while (count-- > 0)
        close(opened[count]);
}

static void no_descriptor(void) {
    static int opened[FEW];
    seekauth_options options = api_options();
    seekauth_client *client = make_client(&options);
    const size_t count = use_up(opened, 64);
    calls_are_refused(client, "RLIMIT_NOFILE");
    give_back(opened, count);
    works(client);
    seekauth_client_free(client);
}

/* The worker runs and has no descriptor for a connection. */
static void no_further_descriptor(void) {
    static int opened[FEW];
    seekauth_options options = api_options();
    seekauth_client *first = make_client(&options), *second;
    seekauth_token *token = NULL;
    works(first);
    options.timeout_ms = 200;
    options.user_agent = "c-tests-other/1.0";
    second = make_client(&options);
    const size_t count = use_up(opened, 64);
    seekauth_error *error = seekauth_client_get_token(second, 0, &token);
    is_passing(error, "open files");
    give_back(opened, count);
    seekauth_error_free(seekauth_client_get_token(second, 60000, &token));
    CHECK(token != NULL);
    seekauth_token_free(token);
    seekauth_client_free(first);
    seekauth_client_free(second);
}

/* In a process of its own, whose user may be refused what is refused to nobody else. */
static void in_a_child(void (*test)(void), bool as_nobody) {
    const pid_t child = fork();
    int status = -1;
    if (child == 0) {
        failed_checks = 0;
        alarm(HANGS_AFTER_S);
        if (as_nobody && getuid() == 0 &&
            (setgroups(0, NULL) != 0 || setgid(OF_NOBODY) != 0 || setuid(OF_NOBODY) != 0)) {
            perror("skipped: root is refused no thread, and may not become another user");
            _exit(0);
        }
        test();
        _exit(checks_failed());
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    in_a_child(no_thread, true);
    in_a_child(no_further_thread, true);
    in_a_child(no_descriptor, false);
    in_a_child(no_further_descriptor, false);
    return checks_failed();
}
