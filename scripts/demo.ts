import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connectToRouter } from './connect-to-router.ts'
import { expect, startDemonstration } from './demonstration.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'

const app = 'hello'

// The whole way of a push, with the real git and ssh, as a person would type it. Each answer is checked.
await runEntry(async () => {
  const demo = await startDemonstration(['busybox'])
  const { settings, step, git, paas } = demo
  const url = demo.url(app)

  await step('Copy examples/hello into a git repository', async () => {
    const repository = await demo.copyExample(app)
    say.detail(repository)
    // So that there is something to push the second time.
    await writeFile(join(repository, 'www', 'pushed.txt'), `${new Date().toISOString()}\n`)
    await git('add', '--all')
    await git('commit', '--quiet', '--message', 'Greet')
  })

  await step(`git push paas:${app} main`, () => git('push', `paas:${app}`, 'main'))

  const first = await step(`Ask for ${url}`, async () => {
    const page = await ask()
    expect('a release on the page, such as v1', page.release, /^v\d+$/.test(page.release))
    return page
  })

  await step('Scale to three', async () => {
    await paas('scale', '--app', app, 'web=3')
    const hosts = new Set<string>()
    for (let asked = 0; asked < 60 && hosts.size < 3; asked += 1) hosts.add((await page()).host)
    const names = [...hosts].sort().join(', ')
    say.detail(`answers came from ${names}`)
    expect('answers from 3 containers', names, hosts.size === 3)
  })

  const greeting = `Good day, it is ${new Date().toISOString().slice(11, 19)}`
  await step('Set a config var, and the page follows', async () => {
    await paas('config:set', '--app', app, `GREETING='${greeting}'`)
    const changed = await ask()
    expect(`the greeting "${greeting}"`, changed.greeting, changed.greeting === greeting)
  })

  await step('Roll back, and the page goes back', async () => {
    await paas('rollback', '--app', app)
    const back = await ask()
    expect(`the greeting "${first.greeting}"`, back.greeting, back.greeting === first.greeting)
  })

  say.heading('All of it worked. The app goes on:')
  say.detail(
    [
      url,
      '',
      'Next:',
      `  ${demo.sshCommand} paas help`,
      `  ${demo.sshCommand} paas logs --app ${app} --tail`,
      `  cd your-app && GIT_SSH_COMMAND="${demo.sshCommand}" git push paas:your-app main`,
    ].join('\n'),
  )

  /** Asks for the page and shows what was asked and answered. */
  async function ask(): Promise<Page> {
    const answer = await page()
    say.detail(`GET ${url}`)
    say.detail(`200 "${answer.greeting}", release ${answer.release}, from ${answer.host}`)
    return answer
  }

  async function page(): Promise<Page> {
    // Not every resolver knows *.localhost.
    const { status, body } = await get(new URL(url).host, () => connectToRouter(settings))
    expect(`200 from ${url}`, `${status}: ${body.slice(0, 200)}`, status === 200)
    const found = (pattern: RegExp): string => pattern.exec(body)?.[1] ?? ''
    return {
      greeting: found(/<h1>(.*)<\/h1>/),
      release: found(/id="release">([^<]*)</),
      host: found(/id="host">([^<]*)</),
    }
  }
})

type Page = { readonly greeting: string; readonly release: string; readonly host: string }

async function get(
  host: string,
  createConnection: () => Socket,
): Promise<{ readonly status: number; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const signal = AbortSignal.timeout(10_000)
  const asked = request({ createConnection, headers: { host }, signal }, (answer) => {
    text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject)
  })
  asked.on('error', reject).end()
  return await promise
}
