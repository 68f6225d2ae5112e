import { actorOf, assertRight, assertToken, mayUse, visibleApps } from './access.ts'
import { type Call, type Command, changesNothing } from './command.ts'
import { commandFirst, type Parsed, parseFlags } from './command-line/flags.ts'
import { splitWords } from './command-line/words.ts'
import { exitCode, NotAllowedError, UsageError } from './errors.ts'
import { auditRefused } from './events/audit-refused.ts'
import { audited } from './events/audited.ts'
import { auditedWords, isAudited } from './events/audited-words.ts'
import { serveGit } from './git-service.ts'
import { commandHelp, topicHelp } from './help.ts'
import { Keyboard } from './keyboard.ts'
import { Output, presentable } from './output.ts'
import type { Paas } from './paas.ts'
import { Planned } from './plan.ts'
import type { Registry } from './registry.ts'
import { findVisible, resolveApp } from './resolve-app.ts'
import type { Session } from './ssh/session.ts'
import type { App } from './state/apps.ts'

/**
 * Runs what a person typed and returns the exit code. The one place where rights are checked: a command starts
 * only for whom it declares, and an app that one may not see does not exist.
 */
export async function dispatch(paas: Paas, registry: Registry, session: Session): Promise<number> {
  let out = new Output({ ...session, terminal: session.terminal !== undefined })
  try {
    const user = actorOf(paas.store, session.person)
    if (!user) throw new UsageError('This key belongs to nobody any more')
    const words = session.words ?? splitWords(session.line)
    const gitService = await serveGit(paas, session, user, words)
    if (gitService !== undefined) return gitService

    const [word = 'help', ...typed] = commandFirst(words)
    if (word.endsWith(':help') && word !== ':help')
      return print(out, topicHelp(registry, word.replace(/:help$/, '')))
    const { name, command } = registry.find(word)
    const parsed = parseFlags(
      command,
      typed,
      (candidate) => findVisible(paas.store, user, candidate) !== undefined,
    )
    out = outputOf(session, parsed)
    const use: Use = { paas, session, user, name, command, parsed, out }
    if (parsed.flags.has('help')) return print(out, commandHelp(name, command))
    if (parsed.flags.has('version')) return await runVersion(registry, use)
    if (command.all && parsed.flags.has('all')) return await runForAll(use)
    if (command.shared && parsed.flags.has('global')) return await runShared(use)

    const { app, words: rest, rule } = resolveApp(paas.store, user, session, command, parsed)
    if (parsed.flags.has('trace')) out.trouble(`app: ${app?.name ?? 'none'} (${rule})`)
    return await runFor(use, app, rest)
  } catch (thrown) {
    return fail(paas, out, thrown)
  }
}

type Use = Pick<Call, 'paas' | 'user' | 'out'> & {
  readonly session: Session
  readonly name: string
  readonly command: Command
  readonly parsed: Parsed
}

async function runFor(use: Use, app: App | undefined, words: readonly string[]): Promise<number> {
  const { paas, session, user, name, command, parsed, out } = use
  const attempt = { paas, session, what: auditedWords(name, command, { words, flags: parsed.flags }), app }
  await auditRefused(attempt, () => {
    assertToken(user, command)
    assertRight(paas.store, user, command.right, app)
  })
  assertWords(name, command, words)
  const plan = parsed.flags.has('plan')
  if (plan) assertPlans(name, command)
  using keyboard = new Keyboard(session)
  const { signal } = keyboard
  const call: Call = {
    paas,
    session,
    user,
    get app() {
      if (!app) throw new Error(`${name} declares no app`)
      return app
    },
    appIfAny: app,
    words,
    flags: parsed.flags,
    out,
    get stdin() {
      return keyboard.take()
    },
    signal,
    planned(tell, facts) {
      if (plan)
        throw new Planned(
          tell().filter((line) => line !== undefined),
          facts,
        )
    },
    get job() {
      const { fingerprint: key } = session.person
      return { appId: this.app.id, who: user.name, key, progress: out, signal }
    },
  }
  const run = async (): Promise<number> => {
    try {
      return (await command.run(call)) ?? exitCode.done
    } catch (thrown) {
      if (!(thrown instanceof Planned)) throw thrown
      return sayPlan(use, app, thrown)
    }
  }
  if (!isAudited(command)) return await auditRefused(attempt, run)
  return await audited({ ...attempt, mayGoUnwritten: command.frees === true }, run)
}

async function runShared(use: Use): Promise<number> {
  const { command, parsed } = use
  if (parsed.flags.has('app'))
    throw new UsageError('--app and --global exclude each other', { next: 'Keep one' })
  return await runFor({ ...use, command: { ...command, right: 'admin' } }, undefined, parsed.words)
}

/** A command that cannot tell beforehand does not start with `--plan`. One that only shows has nothing to tell. */
function assertPlans(name: string, command: Command): void {
  if (command.plans || changesNothing(command)) return
  throw new UsageError(`${name} cannot say beforehand what it would change`, {
    next: 'Nothing was changed; it does it without --plan',
  })
}

function sayPlan({ name, out }: Use, app: App | undefined, { lines, facts }: Planned): number {
  out.result({ command: name, app: app?.name ?? null, plan: true, changes: lines, ...facts }, () => {
    out.line(lines.length === 0 ? 'It would change nothing' : 'It would change this; nothing is changed now')
    for (const line of lines) out.line(`       ${line}`)
  })
  return exitCode.done
}

/** One app's failure does not keep the others from their turn; the first failure's exit code is the answer. */
async function runForAll(use: Use): Promise<number> {
  const { paas, session, user, name, command, parsed } = use
  if (parsed.flags.has('app'))
    throw new UsageError('--app and --all exclude each other', { next: 'Keep one' })
  const visible = visibleApps(paas.store, user)
  const apps = visible.filter(
    (app) =>
      mayUse(paas.store, user, command.right, app) && (command.all === 'every' || app.release !== null),
  )
  if (
    apps.length === 0 &&
    visible.length > 0 &&
    !visible.some((app) => mayUse(paas.store, user, command.right, app))
  )
    return await auditRefused(
      { paas, session, what: auditedWords(name, command, parsed), app: undefined },
      () => {
        throw new NotAllowedError('You may not do this to any of your apps', {
          next: 'Ask an admin of the app',
        })
      },
    )
  let code: number = exitCode.done
  const facts: unknown[] = []
  const out = outputOf(session, parsed, facts)
  for (const app of apps) {
    if (session.signal.aborted) return exitCode.interrupted
    try {
      const ended = await runFor({ ...use, out }, app, parsed.words)
      code = code || ended
    } catch (thrown) {
      const failed = fail(paas, out, thrown)
      code = code || failed
    }
  }
  use.out.result(facts, () => {})
  return code
}

async function runVersion(registry: Registry, use: Use): Promise<number> {
  const { name, command } = registry.find('version')
  return runFor({ ...use, name, command }, undefined, [])
}

function fail(paas: Paas, out: Output, thrown: unknown): number {
  const error = presentable(thrown, paas.log)
  out.error(error)
  return error.exitCode
}

function outputOf(session: Session, { flags }: Parsed, collected?: unknown[]): Output {
  return new Output({
    stdout: session.stdout,
    stderr: session.stderr,
    say: session.say,
    terminal: session.terminal !== undefined,
    json: flags.has('json'),
    quiet: flags.has('quiet'),
    ...(collected ? { collected } : {}),
  })
}

function assertWords(name: string, command: Command, words: readonly string[]): void {
  const declared = command.arguments ?? []
  const needed = declared.filter((argument) => argument.required).length
  const missing = declared[words.length]
  if (words.length < needed && missing) {
    throw new UsageError(`${name} needs ${missing.name}`, {
      next: `For instance: ${command.examples[0] ?? name}`,
    })
  }
  const last = declared.at(-1)
  if (words.length > declared.length && !last?.repeats && !command.verbatim) {
    throw new UsageError(`${name} does not know what to do with "${words[declared.length]?.slice(0, 60)}"`, {
      next: `For instance: ${command.examples[0] ?? name}`,
    })
  }
}

function print(out: Output, text: string): number {
  for (const line of text.split('\n')) out.line(line)
  return exitCode.done
}
