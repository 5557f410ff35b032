/* Events told to a callback: what it is told, on which thread, what it may do, and who frees what. */

#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "clock.h"
#include "hearing.h"

static void get(const seekauth_client *client) {
    char value[4096];
    CHECK_OK(seekauth_client_authorization(client, value, sizeof value, NULL));
}

/* Has the client ask for another token. */
static void renew(const seekauth_client *client) {
    char value[4096];
    bool invalidated = false;
    CHECK_OK(seekauth_client_authorization(client, value, sizeof value, NULL));
    let_tokens_age();
    CHECK_OK(seekauth_client_invalidate(client, value, &invalidated));
    CHECK(invalidated);
    get(client);
}

static int has(const char *text, const char *wanted) {
    return text != NULL && strcmp(text, wanted) == 0;
}

static void read_request(hearing *from, const seekauth_event *event) {
    (void)from;
    if (!has(seekauth_event_name(event), "token_request"))
        return;
    const uint64_t now = (uint64_t)time(NULL) * 1000, at = seekauth_event_time_ms(event);
    const int64_t started_at = seekauth_event_field_number(event, "started_at");
    CHECK(at / 1000 <= now / 1000 + 60 && at + 600000 > now);
    CHECK(started_at > 0 && (uint64_t)started_at <= at);
    CHECK(seekauth_event_field_number(event, "duration") >= 0);
    CHECK(strstr(seekauth_event_message(event), "got a token") != NULL);
    CHECK(has(seekauth_event_field(event, "service"), "seek_pass"));
    CHECK(has(seekauth_event_field(event, "environment"), "staging"));
    CHECK(has(seekauth_event_field(event, "scopes"), "write.education"));
    CHECK(has(seekauth_event_field(event, "reason"), "first"));
    CHECK(has(seekauth_event_field(event, "result"), "ok"));
    CHECK(has(seekauth_event_field(event, "attempt"), "1"));
    CHECK(seekauth_event_field_number(event, "attempt") == 1);
    CHECK(seekauth_event_field_number(event, "result") == -1);
    CHECK(has(seekauth_event_field(event, "status"), "200"));
    CHECK(seekauth_event_field_number(event, "status") == 200);
    CHECK(seekauth_event_field(event, "server_code") == NULL);
    CHECK(seekauth_event_field_number(event, "server_code") == -1);
    const size_t count = seekauth_event_field_count(event);
    CHECK(count >= 9);
    for (size_t i = 0; i < count; i++) {
        const char *name = seekauth_event_field_name(event, i);
        CHECK(has(seekauth_event_field_value(event, i), seekauth_event_field(event, name)));
    }
    CHECK(seekauth_event_field_name(event, count) == NULL);
    CHECK(seekauth_event_field_value(event, count) == NULL);
    CHECK(seekauth_event_field(event, NULL) == NULL && seekauth_event_field(event, "\xff") == NULL);
    CHECK(seekauth_event_field_number(event, NULL) == -1);
}

static void what_a_callback_is_told(void) {
    hearing by = HEARING_INIT;
    by.act = read_request;
    seekauth_client *client = heard_client(&by, "debug");
    get(client);
    /* From the cache. */
    get(client);
    seekauth_client_close(client);
    CHECK_OK(seekauth_client_drain(client, 0));
    CHECK(by.count == 3 && by.most == 1 && by.freed == 0);
    CHECK(has(by.names[0], "token_request") && has(by.levels[0], "debug"));
    CHECK(has(by.names[1], "token_obtained") && has(by.levels[1], "info"));
    CHECK(has(by.names[2], "closed") && has(by.levels[2], "debug"));
    CHECK(!pthread_equal(by.thread, pthread_self()));
    seekauth_client_free(client);
    CHECK(by.freed == 1);
}

static void from_which_level_on(void) {
    hearing info = HEARING_INIT, warning = HEARING_INIT;
    seekauth_client *client = heard_client(&info, "info"), *other = NULL;
    CHECK_OK(seekauth_client_with_scopes(client, "write.career_history", &other));
    /* Each handle may have one of its own, and it hears of the whole client. */
    CHECK_OK(seekauth_client_set_event_callback(other, "warning", hear, &warning, free_hearing));
    get(client);
    get(other);
    CHECK_OK(seekauth_client_drain(client, 0));
    CHECK(info.count == 2 && warning.count == 0);
    seekauth_client_free(client);
    seekauth_client_free(other);
    CHECK(info.freed == 1 && warning.freed == 1);
}

static void one_that_blocks_holds_up_nobody(void) {
    hearing by = HEARING_INIT, next = HEARING_INIT;
    by.blocks = true;
    seekauth_client *client = heard_client(&by, "debug");
    get(client);
    await_heard(&by, &by.count, 1);
    for (int i = 0; i < 3; i++)
        renew(client);
    CHECK_ERROR(seekauth_client_drain(client, 1), SEEKAUTH_TIMEOUT, "callback");
    /* Another one is set, the client closed and freed; none of that waits. */
    CHECK_OK(seekauth_client_set_event_callback(client, "debug", hear, &next, free_hearing));
    seekauth_client_close(client);
    seekauth_client_free(client);
    CHECK(by.count == 1 && by.freed == 0 && next.freed == 1);
    set_blocks(&by, false);
    await_heard(&by, &by.freed, 1);
    /* It was removed: what waited in line is not told any more. */
    CHECK(by.count == 1 && next.count == 0);
}

static void *unblock(void *user_data) {
    set_blocks(user_data, false);
    return NULL;
}

static void freeing_waits_for_one_that_runs(void) {
    for (int i = 0; i < 50; i++) {
        hearing by = HEARING_INIT;
        pthread_t thread;
        by.blocks = true;
        seekauth_client *client = heard_client(&by, "debug");
        get(client);
        await_heard(&by, &by.count, 1);
        CHECK(pthread_create(&thread, NULL, unblock, &by) == 0);
        seekauth_client_free_and_wait(client);
        /* What it uses may go now; its own data goes when the library lets go of it. */
        pthread_mutex_lock(&by.lock);
        CHECK(by.running == 0 && !by.blocks);
        pthread_mutex_unlock(&by.lock);
        pthread_join(thread, NULL);
        await_heard(&by, &by.freed, 1);
    }
}

static void remove_itself(hearing *from, const seekauth_event *event) {
    if (!has(seekauth_event_name(event), "token_rejected"))
        return;
    CHECK_OK(seekauth_client_set_event_callback(from->client, NULL, NULL, NULL, NULL));
    CHECK(from->freed == 0);
}

static void one_that_removes_itself(void) {
    hearing by = HEARING_INIT;
    by.act = remove_itself;
    by.blocks = true;
    seekauth_client *client = heard_client(&by, "debug");
    get(client);
    await_heard(&by, &by.count, 1);
    /* More than one event waits in line then. */
    renew(client);
    set_blocks(&by, false);
    await_heard(&by, &by.freed, 1);
    CHECK(by.count == 3 && has(by.names[2], "token_rejected"));
    seekauth_client_close(client);
    CHECK_OK(seekauth_client_drain(client, 0));
    CHECK(by.count == 3 && by.freed == 1);
    seekauth_client_free(client);
}

static hearing successor = HEARING_INIT;

static void replace_itself(hearing *from, const seekauth_event *event) {
    (void)event;
    CHECK_OK(seekauth_client_set_event_callback(from->client, "debug", hear, &successor, free_hearing));
}

static void one_that_is_replaced_by_itself(void) {
    hearing by = HEARING_INIT;
    by.act = replace_itself;
    seekauth_client *client = heard_client(&by, "debug");
    get(client);
    await_heard(&by, &by.freed, 1);
    seekauth_client_close(client);
    CHECK_OK(seekauth_client_drain(client, 0));
    CHECK(by.count == 1 && has(successor.names[successor.count - 1], "closed"));
    seekauth_client_free(client);
    CHECK(successor.freed == 1);
}

static void free_its_client(hearing *from, const seekauth_event *event) {
    (void)event;
    seekauth_client_free_and_wait((seekauth_client *)from->client);
}

static void one_that_frees_its_client(void) {
    hearing by = HEARING_INIT;
    by.act = free_its_client;
    /* Only the callback uses the client once it may be called. */
    seekauth_client *client = heard_client(&by, "debug");
    seekauth_client *other = NULL;
    CHECK_OK(seekauth_client_with_scopes(client, "write.career_history", &other));
    get(other);
    await_heard(&by, &by.freed, 1);
    CHECK(by.count == 1);
    seekauth_client_free(other);
}

static void call_the_library(hearing *from, const seekauth_event *event) {
    seekauth_stats *stats = NULL;
    if (!has(seekauth_event_name(event), "token_obtained"))
        return;
    get(from->client);
    CHECK_OK(seekauth_client_stats(from->client, &stats));
    CHECK(seekauth_stats_count(stats, "requests_succeeded") == 1);
    seekauth_stats_free(stats);
    CHECK_ERROR(seekauth_client_drain(from->client, 0), SEEKAUTH_INVALID_ARGUMENT, "callback");
    CHECK_ERROR(seekauth_shutdown(0), SEEKAUTH_INVALID_ARGUMENT, "callback");
}

static void what_one_may_call(void) {
    hearing by = HEARING_INIT;
    by.act = call_the_library;
    seekauth_client *client = heard_client(&by, "info");
    get(client);
    CHECK_OK(seekauth_client_drain(client, 0));
    CHECK(by.count == 1);
    seekauth_client_free_and_wait(client);
}

static void who_frees(void) {
    hearing by = HEARING_INIT;
    const seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options);
    CHECK_ERROR(seekauth_client_set_event_callback(client, "loud", hear, &by, free_hearing),
                SEEKAUTH_INVALID_ARGUMENT, "debug, info, warning, error");
    CHECK(by.freed == 1);
    CHECK_ERROR(seekauth_client_set_event_callback(NULL, "info", hear, &by, free_hearing),
                SEEKAUTH_INVALID_ARGUMENT, "client");
    CHECK(by.freed == 2);
    CHECK_OK(seekauth_client_set_event_callback(client, NULL, NULL, &by, free_hearing));
    CHECK(by.freed == 3);
    CHECK_OK(seekauth_client_set_event_callback(client, "info", hear, &by, free_hearing));
    CHECK(by.freed == 3);
    CHECK_OK(seekauth_client_set_event_callback(client, "error", hear, &by, NULL));
    CHECK(by.freed == 4);
    seekauth_client_free(client);
    CHECK(by.freed == 4 && by.count == 0);
}

static void figures(void) {
    const seekauth_options options = sandbox_options();
    seekauth_client *client = make_client(&options), *wrong = NULL;
    seekauth_stats *before = NULL, *after = NULL;
    CHECK_OK(seekauth_client_stats(client, &before));
    get(client);
    renew(client);
    CHECK_OK(seekauth_client_stats(client, &after));
    /* A snapshot. */
    CHECK(seekauth_stats_count(before, "requests_succeeded") == 0);
    CHECK(seekauth_stats_count(after, "requests_succeeded") == 2);
    CHECK(seekauth_stats_count(after, "rejections") == 1);
    CHECK(seekauth_stats_count(after, "waits") == 2);
    CHECK(seekauth_stats_count(after, "waiting") == 0);
    CHECK(seekauth_stats_count(after, "waiting_max") == 1);
    CHECK(seekauth_stats_count(after, "no such count") == 0);
    CHECK(seekauth_stats_count(after, NULL) == 0);
    CHECK(seekauth_stats_failure_count(after) == 0);
    CHECK(seekauth_stats_failure_code(after, 0) == SEEKAUTH_OK);
    CHECK(seekauth_stats_token_count(after) == 1);
    CHECK(has(seekauth_stats_token_scopes(after, 0), "write.education"));
    CHECK(has(seekauth_stats_token_state(after, 0), "fresh"));
    CHECK(seekauth_stats_token_remaining_ms(after, 0) > 7000 * 1000);
    CHECK(seekauth_stats_token_obtained_at_ms(after, 0) > 0);
    CHECK(!seekauth_stats_token_requesting(after, 0));
    CHECK(seekauth_stats_token_last_failure(after, 0) == SEEKAUTH_OK);
    CHECK(seekauth_stats_token_scopes(after, 1) == NULL && seekauth_stats_token_state(after, 1) == NULL);
    CHECK(seekauth_stats_token_remaining_ms(after, 1) == -1);
    seekauth_stats_free(before);
    seekauth_stats_free(after);

    /* Nobody listens there: told, and answered, at once. */
    seekauth_options refused = oauth_options("http://127.0.0.1:9/token");
    refused.timeout_ms = 60000;
    wrong = make_client(&refused);
    char value[64];
    CHECK_ERROR(seekauth_client_authorization(wrong, value, sizeof value, NULL), SEEKAUTH_NETWORK, NULL);
    CHECK_OK(seekauth_client_stats(wrong, &after));
    CHECK(seekauth_stats_failure_count(after) == 1);
    CHECK(seekauth_stats_failure_code(after, 0) == SEEKAUTH_NETWORK);
    CHECK(seekauth_stats_failures(after, SEEKAUTH_NETWORK) == 3);
    CHECK(seekauth_stats_failures(after, SEEKAUTH_TIMEOUT) == 0);
    CHECK(seekauth_stats_waited_ms(after) > 0);
    CHECK(has(seekauth_stats_token_scopes(after, 0), ""));
    CHECK(has(seekauth_stats_token_state(after, 0), "none"));
    CHECK(seekauth_stats_token_remaining_ms(after, 0) == -1);
    CHECK(seekauth_stats_token_obtained_at_ms(after, 0) == -1);
    CHECK(seekauth_stats_token_last_failure(after, 0) == SEEKAUTH_NETWORK);
    seekauth_stats_free(after);
    seekauth_client_free(wrong);
    seekauth_client_free(client);
}

int main(void) {
    who_frees();
    what_a_callback_is_told();
    from_which_level_on();
    freeing_waits_for_one_that_runs();
    one_that_is_replaced_by_itself();
    one_that_frees_its_client();
    what_one_may_call();
    seekauth_test_clock_start();
    one_that_blocks_holds_up_nobody();
    one_that_removes_itself();
    figures();
    return checks_failed();
}
