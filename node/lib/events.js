'use strict';

// Publishes what clients do on the channels `seekauth:…` of node:diagnostics_channel, and prints it where
// NODE_DEBUG=seekauth asks for it.

const { debuglog } = require('node:util');

const channels = require('./channels.js');

/** @typedef {import('./binding').NativeEvent} NativeEvent */

const log = debuglog('seekauth');

/** @param {NativeEvent[]} events */
function publish(events) {
  for (const { name, level, message, fields } of events) {
    log('%s: %s', level, message);
    const subscribed = channels.get(name);
    if (!subscribed?.hasSubscribers) continue;
    const entries = fields.map(({ name, value, isMoment }) => [name, isMoment ? new Date(Number(value)) : own(value)]);
    subscribed.publish(Object.freeze({ name, level, message, ...Object.fromEntries(entries) }));
  }
}

/**
 * A list of this context, and not of the one that loaded the library first.
 *
 * @param {NativeEvent['fields'][number]['value']} value
 */
function own(value) {
  return typeof value === 'object' ? Object.freeze([...value]) : value;
}

module.exports = { publish };
