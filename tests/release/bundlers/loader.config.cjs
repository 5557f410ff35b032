'use strict';

// What docs/packaging.md says for webpack.

module.exports = {
  mode: 'production',
  target: 'node',
  entry: './main.cjs',
  output: { publicPath: '' },
  module: { rules: [{ test: /\.node$/, loader: 'node-loader' }] },
  ignoreWarnings: [/Can't resolve '@seekauth\//],
};
