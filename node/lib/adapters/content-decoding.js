'use strict';

// Compressed responses, for adapters to HTTP clients that leave them compressed: the verdict is about the
// plain text.

const zlib = require('node:zlib');

/** @type {Record<string, (() => import('node:stream').Transform) | undefined>} */
const decoders = {
  gzip: zlib.createGunzip,
  'x-gzip': zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
  // Not every version of Node 20 has it.
  zstd: /** @type {any} */ (zlib).createZstdDecompress,
};

/**
 * @param {string | string[] | undefined} coding the header `Content-Encoding`
 * @param {(chunk: Uint8Array | undefined) => void} read takes each decoded chunk, and nothing at the end
 * @returns {import('node:stream').Transform | undefined} takes the chunks as they come; none where they
 *   are plain, or in a coding that is not known
 */
function decoder(coding, read) {
  const decoder = decoders[String(coding).toLowerCase()]?.();
  decoder?.on('data', read);
  decoder?.once('end', () => read(undefined));
  decoder?.once('error', () => read(undefined));
  return decoder;
}

module.exports = { decoder };
