/* The story of an outage: the token endpoint answers 503 while a short token lives. Who listens hears of it
 * while callers notice nothing, and the figures say what happened. In real time. */

#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "admin.h"
#include "hearing.h"

enum { AT_ONCE_MS = 1000 };

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What was heard, as counts and moments. */
static struct {
    int failed, warnings, errors, stale, obtained;
    int64_t first_warning_delay_ms, life_left_ms;
} story;

static int has(const char *text, const char *wanted) {
    return text != NULL && strcmp(text, wanted) == 0;
}

static void note(hearing *from, const seekauth_event *event) {
    const char *name = seekauth_event_name(event), *level = seekauth_event_level(event);
    (void)from;
    printf("  %-7s %-14s %s\n", level, name, seekauth_event_message(event));
    story.obtained += has(name, "token_obtained");
    story.stale += has(name, "serving_stale");
    if (!has(name, "token_request") || has(seekauth_event_field(event, "result"), "ok"))
        return;
    CHECK(has(seekauth_event_field(event, "result"), "unavailable"));
    CHECK(seekauth_event_field_number(event, "status") == 503);
    if (story.failed++ == 0) {
        const int64_t ended = seekauth_event_field_number(event, "started_at") +
                              seekauth_event_field_number(event, "duration");
        story.first_warning_delay_ms = now_ms() - ended;
        story.life_left_ms = seekauth_event_field_number(event, "life_left");
        CHECK(has(level, "warning"));
    }
    story.warnings += has(level, "warning");
    story.errors += has(level, "error");
}

/* How many calls went well until one failed. */
static int call_until_it_fails(const seekauth_client *client) {
    const struct timespec moment = {0, 20 * 1000 * 1000};
    char value[4096];
    for (int calls = 0;; calls++) {
        seekauth_error *error = seekauth_client_authorization(client, value, sizeof value, NULL);
        if (error != NULL) {
            CHECK_ERROR(error, SEEKAUTH_UNAVAILABLE, NULL);
            return calls;
        }
        nanosleep(&moment, NULL);
    }
}

int main(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    sandbox_reset();
    free(admin("PATCH", "/settings", "{\"seek_api_lifetime_s\": 5}"));
    hearing by = HEARING_INIT;
    by.act = note;
    const seekauth_options options = api_options();
    seekauth_client *client = make_client(&options);
    char value[4096];
    CHECK_OK(seekauth_client_set_event_callback(client, "debug", hear, &by, free_hearing));
    CHECK_OK(seekauth_client_authorization(client, value, sizeof value, NULL));
    sandbox_script("{\"endpoint\": \"seek_api_token\", \"status\": 503, \"times\": 0}");

    const int calls = call_until_it_fails(client);
    CHECK_OK(seekauth_client_drain(client, 0));
    CHECK(calls > 10);
    CHECK(story.obtained == 1 && story.warnings >= 1 && story.errors >= 1);
    CHECK(story.life_left_ms > 0 && story.life_left_ms < 5000);
    CHECK(story.first_warning_delay_ms >= 0 && story.first_warning_delay_ms <= AT_ONCE_MS);
    CHECK(story.failed == sandbox_count("seek_api_token") - 1);

    seekauth_stats *stats = NULL;
    CHECK_OK(seekauth_client_stats(client, &stats));
    CHECK(seekauth_stats_count(stats, "requests_succeeded") == 1);
    CHECK(seekauth_stats_failures(stats, SEEKAUTH_UNAVAILABLE) == (uint64_t)story.failed);
    CHECK(seekauth_stats_token_last_failure(stats, 0) == SEEKAUTH_UNAVAILABLE);
    CHECK(seekauth_stats_count(stats, "events_dropped") == 0);
    printf("outage: %d calls went well, %d requests failed, the first warning came after %d ms with %d ms of"
           " life left\n",
           calls, story.failed, (int)story.first_warning_delay_ms, (int)story.life_left_ms);
    seekauth_stats_free(stats);
    sandbox_reset();
    seekauth_client_free_and_wait(client);
    curl_global_cleanup();
    return checks_failed();
}
