'use strict';

// Credentials from a function of the program's own. The library requests them under a number and waits no
// longer than for a token request. The client alone holds the function, so that both can be collected, also
// where the function closes over the client.

const { providers } = require('./pending-calls.js');

/** @typedef {import('./binding').CredentialsRequest} CredentialsRequest */

/** @type {FinalizationRegistry<number>} */
const registry = new FinalizationRegistry((number) => providers.delete(number));

class Provider {
  #credentials;

  /**
   * @param {number} number under which the requests arrive
   * @param {() => unknown} credentials
   */
  constructor(number, credentials) {
    this.#credentials = credentials;
    const held = new WeakRef(this);
    providers.set(number, (request) => {
      const provider = held.deref();
      if (provider) void provider.#serve(request);
      else request.fail();
    });
    registry.register(this, number);
  }

  /** @param {CredentialsRequest} request */
  async #serve(request) {
    if (!request.isOpen) return;
    const credentials = this.#credentials;
    try {
      request.provide(await credentials());
    } catch {
      request.fail();
    }
  }
}

module.exports = { Provider };
