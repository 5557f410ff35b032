import type { AxiosInstance } from 'axios';
import type { Client } from './index';

/**
 * Makes an axios instance send the client's token with all its requests, and send them once more with a
 * new token if the API rejects it.
 *
 * Requests to another origin than the API's are refused with a `SeekAuthError` (`forbidden_origin`), so
 * use an instance of its own: `attach(client, axios.create({ baseURL: client.apiUrl }))`. Interceptors
 * and transformations run once for each request and see its one response. Bodies that are streams or forms
 * are not sent twice: a rejection of theirs is a `SeekAuthError` (`token_rejected`). A `timeout` counts
 * for each sending, and for the waiting for the token where it is shorter than the client's `timeoutMs`. An API
 * without TLS is never asked through a proxy.
 *
 * @throws {SeekAuthError} `invalid_argument` for an axios before 1.16.1, which sends HTTPS requests, and the
 *   token in them, to a proxy in clear text
 *
 * @returns the same instance
 */
export function attach<T extends AxiosInstance>(client: Client, instance: T): T;
