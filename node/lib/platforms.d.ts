// The packages with the native library, one for each platform; see native.js.

declare module '@seekauth/*' {
  const binding: import('./binding').Binding;
  export = binding;
}
