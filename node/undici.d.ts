import type { Dispatcher } from 'undici';
import type { Client } from './index';

/**
 * An interceptor for `dispatcher.compose()` that sends the client's token with all requests, and sends
 * them once more with a new token if the API rejects it.
 *
 * Give it as the last one, so that it sees requests before any redirect is followed; requests to another
 * origin than the API's are refused with a `SeekAuthError` (`forbidden_origin`), and so are all requests
 * through a dispatcher for another origin, such as a `Pool`. Requests need their `origin`, which those made
 * with a whole URL have, and a `path` that begins with `/`. Bodies that are streams, iterables or forms are not
 * sent twice: a rejection of theirs is a `SeekAuthError` (`token_rejected`). A request that has a `headersTimeout`
 * of its own waits no longer for its token, nor longer than the client's `timeoutMs`; a signal gives that up too.
 */
export function interceptor(client: Client): Dispatcher.DispatcherComposeInterceptor;
