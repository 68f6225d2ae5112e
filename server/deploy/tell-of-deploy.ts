import type { Paas } from '../paas.ts'
import type { DeployRecord, Outcome } from '../state/journal.ts'

/** Says in the events that a job has its turn, or how it ended. */
export function tellOfDeploy(
  paas: Paas,
  job: Pick<DeployRecord, 'id' | 'appId' | 'kind' | 'who'>,
  state: 'started' | Outcome,
  app: { readonly id: string; readonly name: string } | undefined = appOf(paas, job.appId),
): void {
  const { version = null, ref = null } = paas.store.journal.find(job.id) ?? {}
  paas.events.record({
    type: `deploy-${state}`,
    app,
    who: job.who,
    message: `${job.kind} of ${app?.name ?? job.appId} (deploy ${job.id}) ${state}`,
    facts: {
      deploy: job.id,
      kind: job.kind,
      ...(version === null ? {} : { release: `v${version}` }),
      ...(ref === null ? {} : { commit: ref.to }),
    },
  })
}

const appOf = (paas: Paas, id: string) => (paas.store.apps.exists(id) ? paas.store.apps.byId(id) : undefined)
