/**
 * Node's `node:http`, as `import … from 'node:http'` gives it. That import reads every export of the module, WebSocket
 * among them, and so loads undici: 6.6 MB in each process, and part of its start, for what nobody here uses.
 */
export const http = process.getBuiltinModule('node:http')
