'use strict';

// Credentials from a function of the program's own. The library asks for them under a number and waits no
// longer than for a request. The function is held by its client alone, so that both can be collected, also
// where the function closes over the client.

const { answerers } = require('./pending-calls.js');

/** @typedef {import('./binding').Question} Question */

/** @type {FinalizationRegistry<number>} */
const forgotten = new FinalizationRegistry((number) => answerers.delete(number));

class Provider {
  #credentials;

  /**
   * @param {number} number under which the questions arrive
   * @param {() => unknown} credentials
   */
  constructor(number, credentials) {
    this.#credentials = credentials;
    const held = new WeakRef(this);
    answerers.set(number, (question) => {
      const provider = held.deref();
      if (provider) void provider.#answer(question);
      else question.fail();
    });
    forgotten.register(this, number);
  }

  /** @param {Question} question */
  async #answer(question) {
    if (!question.isOpen) return;
    const credentials = this.#credentials;
    try {
      question.answer(await credentials());
    } catch {
      question.fail();
    }
  }
}

module.exports = { Provider };
