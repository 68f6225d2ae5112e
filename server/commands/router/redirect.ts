import type { Call, Command } from '../../command.ts'
import { UserError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'
import { mostRedirects, parseRedirectPath, parseRedirectTarget } from '../../redirect.ts'
import { changeRoute } from '../../route-change.ts'

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

function parse({ words: [word = '', target] }: Call): { path: string; target?: string } {
  const path = parseRedirectPath(word)
  return target === undefined || target === ''
    ? { path }
    : { path, target: parseRedirectTarget(target, path) }
}
