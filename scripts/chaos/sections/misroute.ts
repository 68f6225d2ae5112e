import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, type TestInstance } from '../../../test/instance.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import type { Section } from '../section.ts'

const steady = ['steady-1', 'steady-2', 'steady-3']
const rounds = 8

export default {
  summary: `apps come, restart and go ${rounds} times while each one's answers are looked at`,
  async run() {
    await using paas = await startInstance()
    using _ = await deployApp(paas, 'steady-1', staticApp('here'))
    for (const name of steady.slice(1)) await paas.ok(`apps:clone steady-1 ${name}`)
    const seen = { answers: 0, misrouted: 0 }
    const over = new AbortController()
    const short = new Set<string>()
    const looking = look(paas, () => [...steady, ...short], seen, over.signal)
    try {
      for (let round = 1; round <= rounds; round++) {
        const name = `short-${round}`
        short.add(name)
        await Promise.all([
          paas.ok(`apps:clone steady-1 ${name}`),
          paas.ok(`ps:restart ${steady[round % steady.length]}`),
        ])
        // The next one may come to the addresses that it leaves.
        await paas.ok(`destroy -a ${name} --force`)
        say.detail(`round ${round} of ${rounds}: ${seen.misrouted} of ${seen.answers} misrouted`)
      }
    } finally {
      over.abort()
      await looking
    }
    return [
      {
        row: '37',
        promise: "a container's address now belongs to another app: no request goes there",
        measured: `${seen.misrouted} of ${seen.answers} misrouted`,
        holds: seen.misrouted === 0 && seen.answers > 0,
      },
    ]
  },
} satisfies Section

/** Asks every app who it is, again and again; one that is not there has no answer that could be wrong. */
async function look(
  paas: TestInstance,
  names: () => readonly string[],
  seen: { answers: number; misrouted: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await Promise.all(
      names().map(async (name) => {
        const answer = await paas.get(`${name}.localhost`, '/cgi-bin/environment').catch(() => undefined)
        if (answer?.status !== 200) return
        seen.answers++
        if (!answer.body.split('\0').includes(`PAAS_APP=${name}`)) seen.misrouted++
      }),
    )
  }
}
