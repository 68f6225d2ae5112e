import { mayUse } from '../access.ts'
import type { Argument, Call } from '../command.ts'
import { UserError } from '../errors.ts'
import type { Store } from '../state/store.ts'
import type { Webhook } from '../state/webhooks.ts'

/** How a command declares the number of a webhook. */
export const webhookArgument = {
  name: 'N',
  audit: 'whole',
  required: true,
  looks: (word: string): boolean => /^\d{1,9}$/.test(word),
} as const satisfies Argument

/** Whose the webhook of this number is. */
export const appOfWebhook = (store: Store, word: string): string | undefined =>
  (webhookArgument.looks(word) ? store.webhooks.find(Number(word))?.appId : null) ?? undefined

/** The webhook of this number. Throws `UserError` where there is none that the person may change. */
export function findWebhook({ paas, user, appIfAny }: Call, word: string): Webhook {
  const webhook = webhookArgument.looks(word) ? paas.store.webhooks.find(Number(word)) : undefined
  const may =
    webhook?.appId === null
      ? mayUse(paas.store, user, 'admin', undefined)
      : webhook?.appId === appIfAny?.id && mayUse(paas.store, user, 'own', appIfAny)
  if (webhook && may) return webhook
  throw new UserError(`There is no webhook ${word.slice(0, 20)}`, { next: 'All of them: webhooks' })
}
