import type { Call, Command } from '../../command.ts'
import { readInput } from '../../configuration.ts'
import { UsageError, UserError } from '../../errors.ts'
import { changeRoute } from '../../route-change.ts'
import { visitorDigest } from '../../visitor-digest.ts'
import { mostVisitors, parseVisitorName } from '../../visitor-name.ts'
import { visitorPassword } from '../../visitor-password.ts'

const shortest = 12

export default {
  summary:
    'Ask visitors for a name and a password: let NAME in, with the password on stdin or one that is made and shown',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: { remove: { summary: 'Let NAME in no more; with the last one everybody may come in again' } },
  examples: ['router:auth blog ada', 'router:auth blog ada < password.txt', 'router:auth blog ada --remove'],
  async run(call) {
    const { paas, app, flags, out } = call
    const { visitors } = paas.store
    const name = parseVisitorName(call.words[0] ?? '')
    const names = Object.keys(visitors.of(app.id))
    if (flags.has('remove')) {
      if (!names.includes(name))
        throw new UserError(`${app.name} has no visitor ${name}`, {
          next: `Its visitors: router ${app.name}`,
        })
      const left = names.filter((each) => each !== name)
      call.planned(() => [visitorsLine(left)])
      await changeRoute(call, () => visitors.remove(app.id, name))
      out.result({ app: app.name, visitors: left }, () => out.step(visitorsLine(left)))
      return
    }
    const after = [...new Set([...names, name])].sort()
    if (after.length > mostVisitors)
      throw new UserError(`${app.name} has ${mostVisitors} visitors with a password, and more cannot be`, {
        next: 'Give several people one name, or let the app ask by itself',
      })
    const given = await readPassword(call)
    call.planned(() => [visitorsLine(after)])
    const password = given ?? visitorPassword()
    await changeRoute(call, () => visitors.set(app.id, name, visitorDigest(app.id, name, password)))
    out.result({ app: app.name, visitors: after, ...(given === undefined ? { password } : {}) }, () => {
      out.step(visitorsLine(after))
      if (given === undefined) out.detail(`${name}'s password, shown this once: ${password}`)
    })
  },
} satisfies Command

/** Undefined where none is given. */
async function readPassword(call: Call): Promise<string | undefined> {
  if (call.session.terminal) return undefined
  const password = (await readInput(call)).replace(/\r?\n$/, '')
  if (password === '') return undefined
  if (password.length >= shortest && !/[\x00-\x1f\x7f]/.test(password)) return password
  throw new UsageError(`A password is one line of ${shortest} characters or more`, {
    next: `Without one on stdin it is made: router:auth ${call.app.name} ${call.words[0]} < /dev/null`,
  })
}

const visitorsLine = (names: readonly string[]): string =>
  names.length === 0 ? 'Everybody may visit' : `Who may visit, with a password: ${names.join(', ')}`
