import { UsageError } from '../errors.ts'

/** `text` where it can be a webhook's address. Throws `UsageError`. */
export function parseWebhookUrl(text: string): string {
  const url = text.length <= 2_000 && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new UsageError('A webhook is an address that begins with https:// or http://', {
      next: 'For instance: webhooks:add https://example.com/hook',
    })
  if (url.username !== '' || url.password !== '')
    throw new UsageError('A webhook has no login in its address', {
      next: 'The receiver knows by the signature who it is: docs/webhooks.md',
    })
  url.hash = ''
  return url.href
}
