import { UsageError } from '../errors.ts'

/** The types of events that a webhook can be told of. */
export const webhookEvents: readonly string[] = [
  'deploy-started',
  'deploy-succeeded',
  'deploy-failed',
  'deploy-cancelled',
  'process-crashed',
  'process-given-up',
  'release-died',
  'release-went-back',
]

/** As people and receivers read it: `deploy.failed` */
export const dotted = (type: string): string => type.replace('-', '.')

/** The types that `text` names: `deploy.failed,process.crashed`, or `deploy` for all that begin so. Throws `UsageError`. */
export function parseWebhookEvents(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  const found = names.flatMap((name) => {
    const types = webhookEvents.filter(
      (type) => type === name || dotted(type) === name || type.startsWith(`${name}-`),
    )
    if (types.length > 0) return types
    throw new UsageError(`A webhook is told of no "${name.slice(0, 40)}"`, {
      next: `It can be told of ${webhookEvents.map(dotted).join(', ')}`,
    })
  })
  return webhookEvents.filter((type) => found.includes(type))
}
