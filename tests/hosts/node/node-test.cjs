'use strict';

// Under Node's own runner, with its timers and with Sinon's.

const { mock, test } = require('node:test');
const seekauth = require('seekauth');
const sinon = require('sinon');
const { checks } = require('./guest.cjs');

const reload = () => {
  for (const name of Object.keys(require.cache)) if (/node_modules\/seekauth\//.test(name)) delete require.cache[name];
  return require('seekauth');
};
const nodes = { start: () => mock.timers.enable(), stop: () => mock.timers.reset() };
/** @type {ReturnType<typeof sinon.useFakeTimers>} */
let clock;
const toFake = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'nextTick', 'performance', 'hrtime', 'Date'];
const sinons = { start: () => (clock = sinon.useFakeTimers({ toFake })), stop: () => clock.restore() };

for (const [name, check] of Object.entries(checks(seekauth, { timers: nodes, reload }))) test(name, check);
test("Sinon's timers", () => checks(seekauth, { timers: sinons })['timers that stand still']());
