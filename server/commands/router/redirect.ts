import type { Call, Command } from '../../command.ts'
import { UsageError, UserError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'
import { changeRoute } from '../../route-change.ts'

/** They are in the app's route, which is read again with every deploy. */
const mostRedirects = 200

export default {
  summary: 'Send visitors of a path on to another one, or to another site (301); without TARGET no more',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'PATH', audit: 'whole', required: true, looks: (word) => word.startsWith('/') },
    { name: 'TARGET', audit: 'whole' },
  ],
  examples: [
    'router:redirect blog /old /new',
    'router:redirect blog /shop https://shop.example.com/',
    'router:redirect blog /old',
  ],
  async run(call) {
    const { paas, app, out } = call
    const { redirects } = paas.store
    const { path, target } = parse(call)
    const now = redirects.of(app.id)
    if (target === undefined && now[path] === undefined)
      throw new UserError(`${app.name} does not redirect ${path}`, {
        next: `What it does: router ${app.name}`,
      })
    if (target !== undefined && Object.keys({ ...now, [path]: target }).length > mostRedirects)
      throw new UserError(`${app.name} has ${mostRedirects} redirects, and more cannot be`, {
        next: 'Let the app itself send visitors on',
      })
    call.planned(() => [changeLine(`redirect ${path}`, now[path] ?? 'none', target ?? 'none')])
    await changeRoute(call, () => {
      if (target === undefined) redirects.remove(app.id, path)
      else redirects.set(app.id, path, target)
    })
    out.result({ app: app.name, redirects: redirects.of(app.id) }, () =>
      out.step(target === undefined ? `${path} is redirected no more` : `${path} is redirected to ${target}`),
    )
  },
} satisfies Command

// What the socket of HAProxy takes as one word, and a browser as an address.
const plain = '[!-:<-[\\]-~]'

function parse({ app, words: [path = '', target] }: Call): { path: string; target?: string } {
  const next = `For instance: router:redirect ${app.name} /old /new`
  if (!new RegExp(`^/${plain}{0,500}$`).test(path) || /[?#]/.test(path))
    throw new UsageError('PATH is one as a browser asks for it, without a query: /old', { next })
  if (target === undefined || target === '') return { path }
  if (!new RegExp(`^(https?:/)?/${plain}{0,1000}$`).test(target) || target === path)
    throw new UsageError('TARGET is another path, or a URL that begins with http:// or https://', { next })
  return { path, target }
}
