// The pool comes from the command line.
export default {
  test: {
    include: ['*.test.mjs'],
    // A CommonJS file, which is loaded as one of a package is.
    server: { deps: { external: [/(guest|doubles)\.cjs$/] } },
  },
};
