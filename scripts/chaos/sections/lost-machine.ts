import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, type TestInstance, until } from '../../../test/instance.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import type { Section } from '../section.ts'

const count = Number(process.env.APPS ?? 20)
const mostMs = 10 * 60_000

export default {
  summary: `a server of ${count} apps is lost, and a blank one takes its backup`,
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'paas-chaos-'))
    using _ = { [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
    const archive = join(folder, 'server.tar')
    const key = join(folder, 'master.key')
    const names = Array.from({ length: count }, (_, index) => `app-${index + 1}`)
    const lost = await backUpAndLose(names, { archive, key })

    // The key was kept elsewhere, as it is to be.
    const prepareHome = async (home: string): Promise<void> => {
      await mkdir(home)
      await copyFile(key, join(home, 'master.key'))
    }
    const began = performance.now()
    await using paas = await startInstance({ MYSQL_URL: '' }, { prepareHome })
    const taken = clientOf(paas, 'restore')
    await Promise.all([pipeline(createReadStream(archive), taken.stdin), taken])
    // All that is made from here on carries the label of the lost one.
    writeFileSync(join(paas.folder, 'instance-id'), lost.id)
    const served = await untilServed(paas, names)
    const restoreMs = performance.now() - began
    const found = await factsOf(paas, names)
    const differences = lost.facts.filter((fact, index) => fact !== found[index]).length
    const megabytes = statSync(archive).size / 1024 ** 2
    const seconds = (ms: number): string => (ms / 1000).toFixed(1)
    return [
      {
        row: '50',
        promise: `${count} apps from a backup on a blank server within 10 min, 0 differences`,
        measured: `${served} apps after ${seconds(restoreMs)} s, ${differences} differences; backup ${seconds(lost.backupMs)} s, ${megabytes.toFixed(0)} MB`,
        holds: served === count && lost.backupMs + restoreMs <= mostMs && differences === 0,
      },
    ]
  },
} satisfies Section

async function backUpAndLose(
  names: readonly string[],
  { archive, key }: { readonly archive: string; readonly key: string },
): Promise<{ readonly id: string; readonly facts: readonly string[]; readonly backupMs: number }> {
  await using paas = await startInstance({ MYSQL_URL: '' })
  const [first = ''] = names
  using _ = await deployApp(paas, first, staticApp('carried'))
  for (const [index, name] of names.entries()) {
    if (name !== first) await paas.ok(`apps:clone ${first} ${name}`)
    await paas.ok(`storage:create ${name} files`)
    await paas.ok(`storage:mount ${name} files --container-dir /www/files`)
    await paas.ok(`run --app ${name} sh -c 'echo ${name} > /www/files/name'`)
    await paas.ok(`mysql:create ${name}`)
    await paas.ok(`mysql:import ${name}`, {
      input: `CREATE TABLE own (name TEXT); INSERT INTO own VALUES ('${name}');`,
    })
    await paas.ok(`mysql:link ${name} ${name}`)
    if ((index + 1) % 5 === 0) say.detail(`${index + 1} apps run`)
  }
  const facts = await factsOf(paas, names)
  const began = performance.now()
  const taken = clientOf(paas, 'backup')
  await Promise.all([pipeline(taken.stdout, createWriteStream(archive)), taken])
  const backupMs = performance.now() - began
  await copyFile(join(paas.home, 'master.key'), key)
  return { id: paas.id, facts, backupMs }
}

function clientOf(paas: TestInstance, line: string) {
  const words = ['-F', paas.sshConfig, '-o', 'BatchMode=yes', 'paas', '--', line]
  return execa('ssh', words, { stdin: 'pipe', buffer: { stdout: line !== 'backup' } })
}

/** How many apps answer with what is in their volume. */
async function untilServed(paas: TestInstance, names: readonly string[]): Promise<number> {
  const served = new Set<string>()
  const ask = async (): Promise<boolean> => {
    for (const name of names.filter((each) => !served.has(each))) {
      const answer = await paas.get(`${name}.localhost`, '/files/name').catch(() => undefined)
      if (answer?.status === 200 && answer.body === `${name}\n`) served.add(name)
    }
    return served.size === names.length
  }
  await until('every app answers', ask, mostMs).catch(() => {})
  return served.size
}

/** What is compared: of each app its config with the passwords in it, releases, volumes, branches and database. */
async function factsOf(paas: TestInstance, names: readonly string[]): Promise<readonly string[]> {
  const facts: string[] = []
  for (const name of names) {
    for (const line of ['config', 'releases', 'storage', 'domains', 'ps:scale', 'mysql:links'])
      facts.push(await paas.ok(`${line} ${name} --json`))
    facts.push((await paas.ok(`mysql:export ${name}`)).replace(/^-- Dump completed.*$/m, ''))
  }
  // Ports are this machine's.
  return facts.map((fact) => fact.replaceAll(/:\d{4,5}\b/g, ':PORT'))
}
