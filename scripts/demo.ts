import { existsSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { PaasError, UserError } from '../server/errors.ts'
import { ensureBaseImages } from './base-images.ts'
import { up } from './bring-up.ts'
import { checkout } from './instance.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'
import { loopbackFor } from './ssh-config.ts'

const app = 'hello'

// The whole way of a push, with the real git and ssh, as a person would type it. Each answer is checked.
await runEntry(async () => {
  const { settings, places } = await up()
  const url = `http://${app}.${settings.domain}:${settings.httpPort}/`
  const sshCommand = `ssh -F '${places.sshConfig.replaceAll("'", "'\\''")}'`
  const repository = join(places.home, 'demo')
  await ensureBaseImages(settings.dockerHost, ['busybox'])

  await step(`Copy examples/hello into a git repository: ${repository}`, async () => {
    await mkdir(repository, { recursive: true, mode: 0o700 })
    await cp(join(checkout, 'examples', app), repository, { recursive: true })
    // So that there is something to push the second time.
    await writeFile(join(repository, 'www', 'pushed.txt'), `${new Date().toISOString()}\n`)
    if (!existsSync(join(repository, '.git'))) await git('init', '--quiet', '--initial-branch=main')
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
      `  ${sshCommand} paas help`,
      `  ${sshCommand} paas logs --app ${app} --tail`,
      `  cd your-app && GIT_SSH_COMMAND="${sshCommand}" git push paas:your-app main`,
    ].join('\n'),
  )

  async function git(...args: string[]): Promise<void> {
    await shown('git', args, {
      GIT_SSH_COMMAND: sshCommand,
      // Nobody's own hooks, signatures or templates.
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      ...{ GIT_AUTHOR_NAME: 'Demo', GIT_AUTHOR_EMAIL: 'demo@localhost' },
      ...{ GIT_COMMITTER_NAME: 'Demo', GIT_COMMITTER_EMAIL: 'demo@localhost' },
    })
  }

  async function paas(...args: string[]): Promise<void> {
    say.detail(`$ ssh paas ${args.join(' ')}`)
    await shown('ssh', ['-F', places.sshConfig, 'paas', args.join(' ')])
  }

  async function shown(program: string, args: string[], env: Record<string, string> = {}): Promise<void> {
    const running = execa({ all: true, reject: false, stdin: 'ignore', cwd: repository, env })(program, args)
    for await (const line of running.iterable({ from: 'all' })) say.detail(line)
    const { exitCode, message } = await running
    expect(`${program} to end with 0`, `${exitCode ?? message}`, exitCode === 0)
  }

  /** Asks for the page and shows what was asked and answered. */
  async function ask(): Promise<Page> {
    const answer = await page()
    say.detail(`GET ${url}`)
    say.detail(`200 "${answer.greeting}", release ${answer.release}, from ${answer.host}`)
    return answer
  }

  async function page(): Promise<Page> {
    const { status, body } = await get({
      host: loopbackFor(settings.httpHost),
      port: settings.httpPort,
      // Not every resolver knows *.localhost.
      name: new URL(url).host,
    })
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

async function step<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
  say.step(title)
  const startedAt = performance.now()
  try {
    const result = await work()
    say.detail(`(${((performance.now() - startedAt) / 1000).toFixed(2)} s)`)
    return result
  } catch (error) {
    const reason = error instanceof PaasError ? error.message : `${error}`
    throw new UserError(`The step "${title}" failed: ${reason}`, {
      cause: error,
      next: 'What the server says: make logs',
    })
  }
}

function expect(wanted: string, got: string, holds: boolean): void {
  if (!holds) throw new UserError(`expected ${wanted}, got ${got || 'nothing'}`)
}

async function get(at: {
  readonly host: string
  readonly port: number
  readonly name: string
}): Promise<{ readonly status: number; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const { host, port } = at
  const headers = { host: at.name }
  const signal = AbortSignal.timeout(10_000)
  const asked = request({ host, port, headers, signal, agent: false }, (answer) => {
    text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject)
  })
  asked.on('error', reject).end()
  return await promise
}
