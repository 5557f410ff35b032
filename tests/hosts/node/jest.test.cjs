/* global jest, test */
'use strict';

const seekauth = require('seekauth');
const { checks } = require('./guest.cjs');

const timers = { start: () => jest.useFakeTimers(), stop: () => jest.useRealTimers() };
const reload = () => {
  jest.resetModules();
  return require('seekauth');
};

for (const [name, check] of Object.entries(checks(seekauth, { timers, reload }))) test(name, check);
