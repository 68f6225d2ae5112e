import type { Command } from '../../command.ts'
import { deployFacts } from '../../deploy/deploy-facts.ts'
import { appOfDeploy, deployArgument, findDeploy } from '../../deploy/find-deploy.ts'
import { exitCode } from '../../errors.ts'
import { readerFollows } from '../../reader-follows.ts'

export default {
  summary: 'Show what a deploy has printed, then what it prints, to its end; its exit code comes back',
  right: 'view',
  app: 'required',
  appOf: appOfDeploy,
  arguments: [deployArgument],
  examples: ['deploys:attach 17', 'deploys:attach blog'],
  async run(call) {
    const { paas, app, words, out, signal } = call
    const { id } = findDeploy(paas, app, words[0])
    for await (const line of paas.outputs.follow({ appId: app.id, id }, signal)) {
      out.item(line, () => out.line(line.text))
      await readerFollows(call)
    }
    if (signal.aborted) return exitCode.interrupted
    const record = findDeploy(paas, app, String(id))
    const { state, release } = deployFacts(paas, record)
    out.step(`Deploy ${id} ${state === 'ending' ? 'ends' : state}${release ? `: ${release}` : ''}`)
    return record.exitCode ?? (record.switched ? exitCode.done : exitCode.failed)
  },
} satisfies Command
