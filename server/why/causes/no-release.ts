import type { Cause } from '../cause.ts'

export default {
  order: 20,
  looksAt: 'whether it has a release',
  look: ({ app, release }) =>
    release
      ? []
      : [
          {
            what: `${app.name} has no release yet`,
            next: `git push paas:${app.name} ${app.deployBranch ?? 'main'}`,
          },
        ],
} satisfies Cause
