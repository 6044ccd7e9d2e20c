// A console that says nothing.
globalThis.console = new Proxy({}, { get: () => () => {} });
