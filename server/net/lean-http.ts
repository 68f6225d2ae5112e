/**
 * Node's `node:http`, as `import … from 'node:http'` gives it. That import reads every export of the module, WebSocket
 * among them, and so loads undici: 6.6 MB in a bare process, some 3 in each of ours, and part of its start, for what nobody here uses.
 */
export const http = process.getBuiltinModule('node:http')
