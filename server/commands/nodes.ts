import type { Command } from '../command.ts'
import { sizeText } from '../command-line/size.ts'

export default {
  summary: 'List the machines that apps run on, with what they have and how much runs there',
  right: 'admin',
  reads: true,
  app: 'none',
  aliases: ['nodes:list', 'nodes:report'],
  examples: ['nodes', 'nodes --json'],
  async run({ paas, out, signal }) {
    const { name, version, cpus, memoryBytes } = await paas.engine.machine({ signal })
    const live = paas.store.containers.all().filter(({ state }) => state === 'live')
    const node = { name, engine: version, cpus, memoryBytes, containers: live.length }
    out.result([node], () =>
      out.table(
        ['Node', 'Docker', 'CPUs', 'Memory', 'Containers'],
        [[name, version, String(cpus), sizeText(memoryBytes), String(node.containers)]],
      ),
    )
  },
} satisfies Command
