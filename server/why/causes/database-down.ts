import { UnavailableError } from '../../errors.ts'
import type { Cause, Finding } from '../cause.ts'

export default {
  order: 25,
  looksAt: 'whether its databases answer',
  async look({ paas, app }) {
    const services = paas.store.links
      .of(app.id)
      .filter(({ state }) => state === 'ready')
      .flatMap(({ serviceId }) => paas.store.services.byId(serviceId) ?? [])
    const found = await Promise.all(
      services.map(async (service): Promise<readonly Finding[]> => {
        const kind = paas.provisioning.kind(service.kind)
        try {
          await kind.facts(service)
          return []
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error
          return [
            {
              what: `The ${kind.title} ${service.name} does not answer`,
              details: ['What asks it for something fails; the app itself goes on'],
              next: 'make status',
            },
          ]
        }
      }),
    )
    return found.flat()
  },
} satisfies Cause
