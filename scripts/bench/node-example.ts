import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { type TestInstance, until } from '../../test/instance.ts'
import { makeRepository, type Repository } from '../../test/repository.ts'
import { say } from '../say.ts'
import type { ByHand } from './by-hand.ts'
import { live, type Running } from './live.ts'
import { oneWaits } from './one-waits.ts'
import { alternating, timed } from './pairs.ts'
import type { Row } from './table.ts'

const app = 'express'
const example = join(import.meta.dirname, '..', '..', 'examples', 'node-express')

/**
 * Redeploys of examples/node-express with one changed file, and the same by hand: the same Dockerfile and context,
 * built, started and asked.
 */
export async function nodeExample(
  instance: TestInstance,
  hand: ByHand,
  rounds: number,
): Promise<readonly Row[]> {
  say.step('Redeploys of a Node.js app without a Dockerfile, and the same by hand')
  const server = await readFile(join(example, 'server.js'), 'utf8')
  using ours = await repositoryOfExample()
  using theirs = await repositoryOfExample()
  const push = (): Running =>
    execa('git', ['push', `paas:${app}`, 'main'], {
      cwd: ours.path,
      env: {
        GIT_SSH_COMMAND: `ssh -F ${instance.sshConfig} -o BatchMode=yes`,
        GIT_CONFIG_GLOBAL: '/dev/null',
      },
      stdin: 'ignore',
      all: true,
    })
  await push()
  const dockerfile = await instance.ok(`git:report ${app} --dockerfile`)
  await theirs.commit({ Dockerfile: `${dockerfile}CMD ["node", "server.js"]\n` })

  const page = { address: '127.0.0.1', port: instance.httpPort, host: `${app}.localhost` }
  let number = 0
  const change = async (repository: Repository): Promise<string> => {
    const text = `Hello ${++number}.`
    await repository.commit({ 'server.js': server.replace('Hello', text) })
    return text
  }
  const figures = await alternating(
    {
      ours: async () => {
        const text = await change(ours)
        const { answered } = await live(push(), page, text)
        await settled(instance)
        return answered
      },
      buildKit: async () => {
        const text = await change(theirs)
        const took = await timed(() => hand.buildKit(theirs.path, text))
        await hand.clear()
        return took
      },
    },
    rounds,
  )
  await instance.ok(`apps:destroy ${app} --force`)
  const others = [{ name: 'git archive | POST /build, docker run (BuildKit)', figures: figures.buildKit }]
  return [
    {
      what: 'git push of examples/node-express to the first answer',
      ours: figures.ours,
      others,
      promise: 1.3,
    },
  ]
}

/** The old container is drained and removed behind the push. */
async function settled(instance: TestInstance): Promise<void> {
  await until('one container is left, and a sandbox for the next', () =>
    oneWaits([`paas.instance=${instance.id}`, `paas.app=${app}`]),
  )
}

async function repositoryOfExample(): Promise<Repository> {
  const repository = await makeRepository()
  await cp(example, repository.path, { recursive: true })
  await repository.commit({})
  return repository
}
