import type { Command } from '../../command.ts'
import type { Container } from '../../docker/containers.ts'
import { NotFoundError } from '../../docker/engine-errors.ts'
import { UserError } from '../../errors.ts'
import type { Paas } from '../../paas.ts'

export default {
  summary: 'Show what Docker says of the containers, without the values of config vars',
  right: 'view',
  app: 'required',
  all: 'deployed',
  arguments: [{ name: 'TYPE[.N]' }],
  examples: ['ps:inspect blog', 'ps:inspect blog web.1'],
  async run({ paas, app, words, out }) {
    const [wanted] = words
    const containers = paas.store.containers
      .of(app.id)
      .filter(
        ({ process, number }) => wanted === undefined || [process, `${process}.${number}`].includes(wanted),
      )
    if (wanted !== undefined && containers.length === 0)
      throw new UserError(`${app.name} runs no ${wanted.slice(0, 40)}`, { next: `What runs: ps ${app.name}` })
    const found = await Promise.all(
      containers.map(async (container) => ({
        process: `${container.process}.${container.number}`,
        release: `v${container.version}`,
        docker: await inspectIfThere(paas, container.name),
      })),
    )
    const facts = found.flatMap(({ docker, ...place }) => (docker ? [{ ...place, ...docker }] : []))
    // It is JSON in every case, as `docker inspect` is.
    if (out.json) out.result(facts, () => {})
    else out.raw(`${JSON.stringify(facts, null, 2)}\n`)
  },
} satisfies Command

/** One that has retired may be removed between the store's answer and Docker's. */
async function inspectIfThere(paas: Paas, name: string): Promise<Container | undefined> {
  try {
    return await paas.engine.containers.inspect(name)
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}
