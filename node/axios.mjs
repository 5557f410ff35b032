// `import … from 'seekauth/axios'`; axios.js is the same for `require`, because each has an axios of its own.

import axios from 'axios';
import { attachWith } from './lib/adapters/axios.js';

export const attach = attachWith(axios);
