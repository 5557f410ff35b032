'use strict';

// What clients do, for who subscribes to the channels `seekauth:…` of node:diagnostics_channel or has set
// NODE_DEBUG=seekauth. Channels tell nobody of a new subscriber, so clients look before they begin something.

const { channel } = require('node:diagnostics_channel');
const { debuglog } = require('node:util');
const native = require('./native.js');
const { providers } = require('./pending-calls.js');

/** The number under which events arrive; no call has it. */
const EVENTS = -1;

// Held, because a channel that has no subscriber yet would be another one after each collection.
const channels = new Map(native.eventNames().map((name) => [name, channel(`seekauth:${name}`)]));
const log = debuglog('seekauth');

function isSubscribed() {
  if (log.enabled) return true;
  for (const channel of channels.values()) if (channel.hasSubscribers) return true;
  return false;
}

providers.set(EVENTS, (/** @type {any} */ events) => {
  for (const event of /** @type {import('./binding').NativeEvent[]} */ (events)) publish(event);
});

/** @param {import('./binding').NativeEvent} event */
function publish({ name, level, message, fields }) {
  log('%s: %s', level, message);
  const channel = channels.get(name);
  if (!channel?.hasSubscribers) return;
  const entries = fields.map(({ name, value, isMoment }) => [name, isMoment ? new Date(Number(value)) : own(value)]);
  channel.publish(Object.freeze({ name, level, message, ...Object.fromEntries(entries) }));
}

/**
 * A list of this context, and not of the one that loaded the library first.
 *
 * @param {string | number | boolean | string[]} value
 */
function own(value) {
  return typeof value === 'object' ? Object.freeze([...value]) : value;
}

module.exports = { isSubscribed };
