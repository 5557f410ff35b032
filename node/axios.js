'use strict';

// `require('seekauth/axios')`; axios.mjs is the same for `import`, because each has an axios of its own.

const axios = require('axios');
const { attachWith } = require('./lib/adapters/axios.js');

exports.attach = attachWith(axios);
