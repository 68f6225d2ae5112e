import { randomBytes } from 'node:crypto'
import { assertRight } from '../../access.ts'
import type { Call, Command } from '../../command.ts'
import { NotAllowedError, UsageError, UserError } from '../../errors.ts'
import { addressesOf } from '../../net/public-address.ts'
import { parseWebhookUrl } from '../../webhooks/parse-webhook-url.ts'
import { shownUrl } from '../../webhooks/shown-url.ts'
import { dotted, parseWebhookEvents, webhookEvents } from '../../webhooks/webhook-events.ts'

const mostOfOne = 10

export default {
  summary:
    'Have an address told, by a signed POST, of deploys and crashes: of an app, or of the whole server',
  right: 'own',
  app: 'optional',
  plans: true,
  // An address often holds a token.
  arguments: [{ name: 'URL', required: true, looks: (word) => word.includes('://') }],
  flags: {
    server: { summary: 'Of all apps; for admins of the server' },
    on: {
      value: 'EVENTS',
      audit: 'whole',
      summary:
        'Only of these, a comma between them: deploy.failed,process.crashed; deploy for all that begin so',
    },
    'allow-private': { summary: 'Also on this machine or in a private network; for admins of the server' },
  },
  examples: [
    'webhooks:add blog https://example.com/hook',
    'webhooks:add blog https://example.com/hook --on deploy.failed,process.crashed',
    'webhooks:add --server https://example.com/hook',
  ],
  async run(call) {
    const { paas, user, words, flags, out, planned } = call
    const app = appOf(call)
    const url = parseWebhookUrl(words[0] ?? '')
    const events = parseWebhookEvents(flags.value('on') ?? webhookEvents.join(','))
    const allowPrivate = mayBePrivate(call)
    assertRoom(call, app?.id ?? null)
    const told = events.map(dotted).join(', ')
    planned(() => [`webhooks of ${app?.name ?? 'the server'}: + ${shownUrl(url)}`, `told of ${told}`])
    await assertReachable(url, { allowPrivate })
    const secret = randomBytes(32).toString('hex')
    const { webhooks } = paas.store
    const { id } = webhooks.add(
      { appId: app?.id ?? null, url, secret, events, allowPrivate, createdBy: user.name },
      paas.events.lastSequence,
    )
    paas.events.record({
      type: 'webhook-added',
      app,
      who: user.name,
      message: `Webhook ${id} (${shownUrl(url)}) is told of ${told}`,
      facts: { webhook: id },
    })
    const facts = { number: id, app: app?.name ?? null, url, events: events.map(dotted), secret }
    out.result(facts, () => {
      out.step(`Webhook ${id} is told of ${told}`)
      out.detail(`Its secret, shown now and never again: ${secret}`)
      out.detail(`Try it: webhooks:test ${id}`)
    })
  },
} satisfies Command

/** undefined: of the whole server. */
function appOf({ paas, user, flags, appIfAny }: Call): Call['appIfAny'] {
  if (!flags.has('server')) {
    if (appIfAny) return appIfAny
    throw new UsageError('Of which app?', { next: 'Name it: --app NAME; or of all: --server' })
  }
  if (flags.has('app')) throw new UsageError('--app and --server exclude each other', { next: 'Keep one' })
  assertRight(paas.store, user, 'admin', undefined)
  return undefined
}

function mayBePrivate({ flags, user }: Call): boolean {
  if (!flags.has('allow-private') || user.role === 'admin') return flags.has('allow-private')
  throw new NotAllowedError('Only admins of the server may have private addresses told', {
    next: 'Without --allow-private it is told on the internet; or ask an admin',
  })
}

function assertRoom({ paas }: Call, appId: string | null): void {
  if (paas.store.webhooks.of(appId).length < mostOfOne) return
  throw new UserError(`There are ${mostOfOne} webhooks already`, { next: 'Take one away: webhooks:remove N' })
}

/** What would be refused each time is refused now. */
async function assertReachable(url: string, options: { readonly allowPrivate: boolean }): Promise<void> {
  try {
    await addressesOf(new URL(url).hostname, options)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(error.message, {
      next: 'Correct the address; an admin of the server may have a private one told: --allow-private',
      cause: error,
    })
  }
}
