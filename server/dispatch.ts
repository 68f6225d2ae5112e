import { assertRight, maySee } from './access.ts'
import type { Call, Command } from './command.ts'
import { type Parsed, parseFlags } from './command-line/flags.ts'
import { splitWords } from './command-line/words.ts'
import { exitCode, UsageError } from './errors.ts'
import { serveGit } from './git-service.ts'
import { commandHelp, topicHelp } from './help.ts'
import { Output, presentable } from './output.ts'
import type { Paas } from './paas.ts'
import type { Registry } from './registry.ts'
import { resolveApp } from './resolve-app.ts'
import type { Session } from './ssh/session.ts'

/**
 * Runs what a person typed and returns the exit code. The one place where rights are checked: a command starts
 * only for whom it declares, and an app that one may not see does not exist.
 */
export async function dispatch(paas: Paas, registry: Registry, session: Session): Promise<number> {
  let out = new Output({ ...session, terminal: session.terminal !== undefined })
  try {
    const user = paas.store.people.user(session.person.userId)
    if (!user) throw new UsageError('This key belongs to nobody any more')
    const words = splitWords(session.line)
    const gitService = await serveGit(paas, session, user, words)
    if (gitService !== undefined) return gitService

    const [word = 'help', ...typed] = words
    if (word.endsWith(':help') && word !== ':help')
      return print(out, topicHelp(registry, word.replace(/:help$/, '')))
    const { name, command } = registry.find(word)
    const parsed = parseFlags(command, typed, (candidate) => {
      const app = paas.store.apps.find(candidate)
      return app !== undefined && maySee(paas.store, user, app)
    })
    out = outputOf(session, parsed)
    if (parsed.flags.has('help')) return print(out, commandHelp(name, command))

    const { app, words: rest, rule } = resolveApp(paas.store, user, session, command, parsed)
    if (parsed.flags.has('trace')) out.trouble(`app: ${app?.name ?? 'none'} (${rule})`)
    assertRight(paas.store, user, command.right, app)
    assertWords(name, command, rest)
    const call: Call = {
      paas,
      session,
      user,
      get app() {
        if (!app) throw new Error(`${name} declares no app`)
        return app
      },
      appIfAny: app,
      words: rest,
      flags: parsed.flags,
      out,
      stdin: session.stdin,
      signal: session.signal,
      get job() {
        return { appId: this.app.id, who: user.name, progress: out, signal: session.signal }
      },
    }
    return (await command.run(call)) ?? exitCode.done
  } catch (thrown) {
    const error = presentable(thrown, paas.log)
    out.error(error)
    return error.exitCode
  }
}

function outputOf(session: Session, { flags }: Parsed): Output {
  return new Output({
    stdout: session.stdout,
    stderr: session.stderr,
    terminal: session.terminal !== undefined,
    json: flags.has('json'),
    quiet: flags.has('quiet'),
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
