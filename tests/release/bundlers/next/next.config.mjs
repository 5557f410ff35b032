// What docs/packaging.md says for Next.js, as a server in a folder of its own.

export default {
  output: 'standalone',
  serverExternalPackages: ['seekauth'],
  outputFileTracingRoot: import.meta.dirname,
};
