'use strict';

// `require('seekauth/undici')`, and the same for `import`.

const { interceptor } = require('./lib/adapters/undici.js');

exports.interceptor = interceptor;
