'use strict';

// `require('seekauth/opentelemetry')`, and the same for `import`.

const { instrument } = require('./lib/opentelemetry.js');

exports.instrument = instrument;
