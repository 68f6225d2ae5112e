import type { Cause } from '../cause.ts'

export default {
  order: 10,
  looksAt: 'whether it is stopped',
  look: ({ app }) =>
    app.stopped
      ? [{ what: `${app.name} is stopped; its domains answer with 503`, next: `ps:start ${app.name}` }]
      : [],
} satisfies Cause
