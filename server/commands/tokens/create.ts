import { assertRight, maySee } from '../../access.ts'
import type { Call, Command } from '../../command.ts'
import { NoSuchAppError, UsageError, UserError } from '../../errors.ts'
import type { App } from '../../state/apps.ts'
import { type TokenRole, tokenRoles } from '../../state/tokens.ts'

const dayMs = 86_400_000
const mostDays = 3650

export default {
  summary: 'Make an API token for some of your apps, or for all; it is shown once',
  right: 'anyone',
  keyOnly: true,
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: {
    app: { short: 'a', value: 'APP', audit: 'whole', summary: 'For this app; may be given more than once' },
    all: { summary: 'For every app that you have at the time, and for what belongs to you' },
    role: {
      short: 'r',
      value: 'ROLE',
      audit: 'whole',
      summary: 'The most that it may: viewer, developer (without), admin; server: all that you may',
    },
    expires: {
      value: 'TIME',
      audit: 'whole',
      summary: 'When it ends: 12h, 30d, never; 90d without',
    },
  },
  examples: [
    'tokens:create ci --app blog',
    'tokens:create status --all --role viewer --expires 365d',
    'tokens:create ci --app blog --plan',
  ],
  async run(call) {
    const { paas, user, words, out, session } = call
    const { tokens } = paas.store
    const name = parseName(words[0] ?? '')
    const apps = appsOf(call)
    const role = roleOf(call, apps)
    const expiresAt = endOf(call.flags.value('expires') ?? '90d')
    if (tokens.of(user.id).some((token) => token.name === name))
      throw new UserError(`You have a token "${name}" already`, {
        next: `Another name, or end that one first: tokens:revoke ${name}`,
      })
    const reach = apps === 'every' ? 'every app' : apps.map((app) => app.name).join(', ')
    const what = `${role} of ${reach}, ${expiresAt === null ? 'without an end' : `until ${expiresAt}`}`
    call.planned(() => [`token of ${user.name}: + ${name}, ${what}`])
    const made = tokens.create({
      userId: user.id,
      name,
      role,
      apps: apps === 'every' ? 'every' : new Set(apps.map((app) => app.id)),
      madeWith: session.person.fingerprint,
      expiresAt,
    })
    paas.events.record({
      type: 'token-created',
      who: user.name,
      message: `${user.name} has one more API token: ${name} (${made.id}), ${what}`,
      facts: { user: user.name, token: made.id, name },
    })
    const names = apps === 'every' ? 'every' : apps.map((app) => app.name)
    out.result({ id: made.id, name, role, apps: names, expires: expiresAt, token: made.secret }, () => {
      out.step(`Made ${name}: ${what}`)
      out.detail('It is shown this once. End it: tokens:revoke '.concat(made.id))
      out.line(made.secret)
    })
  },
} satisfies Command

function parseName(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,39}$/i.test(name)) return name
  throw new UsageError(`"${name.slice(0, 60)}" cannot be a token's name`, {
    next: 'Use up to 40 letters, digits and . _ -',
  })
}

function appsOf({ paas, user, flags }: Call): 'every' | readonly App[] {
  const named = [...new Set(flags.values('app'))]
  if (flags.has('all')) {
    if (named.length > 0) throw new UsageError('--app and --all exclude each other', { next: 'Keep one' })
    return 'every'
  }
  if (named.length === 0)
    throw new UsageError('For which app?', {
      next: 'Name it: tokens:create NAME --app APP, or --all for every app of yours',
    })
  return named.map((name) => {
    const app = paas.store.apps.find(name)
    if (!app || !maySee(paas.store, user, app)) throw new NoSuchAppError(name)
    return app
  })
}

function roleOf({ paas, user, flags }: Call, apps: 'every' | readonly App[]): TokenRole {
  const given = flags.value('role') ?? 'developer'
  const role = tokenRoles.find((each) => each === given)
  if (!role)
    throw new UsageError(`"${given.slice(0, 40)}" is no role`, { next: `Roles: ${tokenRoles.join(', ')}` })
  if (role === 'server') {
    if (apps !== 'every')
      throw new UsageError('The role server is for the whole server, and --app for some apps', {
        next: 'Take --role admin, or --all',
      })
    assertRight(paas.store, user, 'admin', undefined)
  }
  return role
}

/** ISO time; null: never. */
function endOf(text: string): string | null {
  if (text === 'never') return null
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  const ms = Number(count) * (unit === 'd' ? dayMs : unit === 'h' ? dayMs / 24 : 60_000)
  if (count === '' || ms === 0 || ms > mostDays * dayMs)
    throw new UsageError(`"${text.slice(0, 40)}" is no time to end after`, {
      next: `For instance: --expires 12h, 30d, at most ${mostDays}d, or never`,
    })
  return new Date(Date.now() + ms).toISOString()
}
