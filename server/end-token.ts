import type { Paas } from './paas.ts'
import type { Token } from './state/tokens.ts'

/** Ends an API token, and what it runs: nobody is let in by it any more when this returns. */
export async function endToken(paas: Paas, token: Token, who: string): Promise<void> {
  const { id, name, userName, fingerprint } = token
  paas.store.tokens.revoke(id)
  paas.events.record({
    type: 'token-revoked',
    who,
    message: `${userName} has one API token less: ${name} (${id})`,
    facts: { user: userName, token: id, name },
  })
  paas.jobs.cancelOf(fingerprint)
  await paas.endSessionsOf(fingerprint)
}
