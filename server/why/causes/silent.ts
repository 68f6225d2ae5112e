import { askHttp } from '../../checks/ask-http.ts'
import { listensOn } from '../../checks/listens-on.ts'
import { placeOf } from '../../checks/subject.ts'
import { firstHost } from '../../routing.ts'
import type { Cause, Finding } from '../cause.ts'

const timeoutMs = 1_500

export default {
  order: 50,
  looksAt: 'whether each web process answers on its port, and with what',
  async look({ paas, app, release, live, signal }) {
    const web = live.filter(({ process, name }) => process === 'web' && paas.proved.has(name))
    const findings = await Promise.all(
      web.map(async (container): Promise<Finding[]> => {
        const port = release?.port ?? 0
        const place = placeOf(container)
        const answer = await askHttp({
          address: container.address,
          port,
          path: '/',
          headers: new Map([['host', firstHost(paas, app)]]),
          timeoutMs,
          bodyBytes: 1024,
          signal,
        })
        if (!answer) {
          const { words, otherPort } = await listensOn(paas, container.name, port)
          const what = `${place} does not answer on port ${port}: ${words}`
          const next = otherPort ? `ports:set ${app.name} ${otherPort}` : `ps:restart ${app.name} web`
          return [{ what, next, facts: { process: place, port, otherPort: otherPort ?? null } }]
        }
        if (answer.status < 500) return []
        const said = answer.start === '' ? '' : `: ${answer.start}`
        const what = `${place} answers GET / with status ${answer.status}${said}`
        return [
          { what, next: `logs ${app.name} -p ${place}`, facts: { process: place, status: answer.status } },
        ]
      }),
    )
    return findings.flat()
  },
} satisfies Cause
