'use strict';

// The channels of node:diagnostics_channel, by the names of events. They are kept for good: Node holds one that
// nobody subscribes to weakly, and when it is collected it can take along the one that a program subscribes to next.

const { channel } = require('node:diagnostics_channel');
const native = require('./native.js');

/** @type {Map<string, import('node:diagnostics_channel').Channel>} */
const channels = new Map(native.eventNames().map((name) => [name, channel(`seekauth:${name}`)]));

module.exports = channels;
