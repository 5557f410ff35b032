/* The C agent's responses: errors and tokens, field by field. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "seekauth.h"
#include "wire.h"

static inline void respond_error(const seekauth_error *error) {
    printf("error");
    put_number("code", seekauth_error_code(error));
    put("name", seekauth_error_name(error));
    put("retryable", seekauth_error_retryable(error) ? "true" : "false");
    put("message", seekauth_error_message(error));
    if (seekauth_error_retry_after_ms(error) >= 0)
        put_number("retry_after_ms", seekauth_error_retry_after_ms(error));
    if (seekauth_error_status(error) != 0)
        put_number("status", seekauth_error_status(error));
    if (seekauth_error_server_code(error) != NULL)
        put("server_code", seekauth_error_server_code(error));
    if (seekauth_error_target(error) != NULL)
        put("target", seekauth_error_target(error));
    if (seekauth_error_request_id(error) != NULL)
        put("request_id", seekauth_error_request_id(error));
    if (seekauth_error_server_message(error) != NULL)
        put("server_message", seekauth_error_server_message(error));
    if (seekauth_error_server_path(error) != NULL)
        put("server_path", seekauth_error_server_path(error));
}

/* Responds with the error, which it frees, or with ok; says whether more may follow. */
static inline bool respond(seekauth_error *error) {
    if (error == NULL)
        printf("ok");
    else
        respond_error(error);
    bool ok = error == NULL;
    seekauth_error_free(error);
    return ok;
}

static inline void respond_token(seekauth_error *error, seekauth_token *token) {
    if (!respond(error))
        return;
    if (token == NULL) {
        put("none", "true");
        return;
    }
    put("value", seekauth_token_value(token));
    put("authorization", seekauth_token_authorization(token));
    printf("\tscopes=");
    for (size_t i = 0; i < seekauth_token_scope_count(token); i++)
        printf("%s%s", i == 0 ? "" : "%20", seekauth_token_scope(token, i));
    printf("\tremaining_ms=%llu", (unsigned long long)seekauth_token_remaining_ms(token));
    printf("\texpires_at_ms=%llu", (unsigned long long)seekauth_token_expires_at_ms(token));
    seekauth_token_free(token);
}

#endif
