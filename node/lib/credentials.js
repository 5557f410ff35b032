'use strict';

// Credentials from a function of the program's own. The library requests them under a number and waits no
// longer than for a token request. The client alone holds the function, so that both can be collected, also
// where the function closes over the client.

const { className } = require('./error.js');

/** @typedef {import('./binding').CredentialsRequest} CredentialsRequest */
/** @typedef {Map<number, (request: CredentialsRequest) => void>} Providers */

const registry = new FinalizationRegistry((/** @type {{ providers: Providers, number: number }} */ held) => {
  held.providers.delete(held.number);
});

class Provider {
  #credentials;

  /**
   * @param {Providers} providers where the client's requests are served
   * @param {number} number under which they arrive
   * @param {() => unknown} credentials
   */
  constructor(providers, number, credentials) {
    this.#credentials = credentials;
    const held = new WeakRef(this);
    providers.set(number, (request) => {
      const provider = held.deref();
      if (provider) void provider.#serve(request);
      else request.fail();
    });
    registry.register(this, { providers, number });
  }

  /** @param {CredentialsRequest} request */
  async #serve(request) {
    if (!request.isOpen) return;
    const credentials = this.#credentials;
    try {
      request.provide(await credentials());
    } catch (error) {
      request.fail(className(error));
    }
  }
}

module.exports = { Provider };
