import { connect } from 'node:net'
import type { RouterPaths } from './paths.ts'
import type { MapChange, Server, ServerState } from './reconcile.ts'

/** HAProxy's socket did not answer, or refused a command. */
export class HaproxyError extends Error {
  override readonly name = 'HaproxyError'
}

export type HaproxyInfo = { readonly pid: number; readonly description: string }

/** A server as `show servers state` has it. */
export type ListedServer = Server & { readonly slot: string; readonly name: string }

/** Requests and connections that a server is busy with. */
export type ServerLoad = {
  readonly slot: string
  readonly name: string
  readonly address: string
  readonly inFlight: number
}

/** A host that a certificate is for, in the line of this number. */
export type CertificateLine = { readonly file: string; readonly host: string; readonly number: number }

/** HAProxy's admin and master sockets. Every method throws `HaproxyError`. */
export type Haproxy = {
  info(): Promise<HaproxyInfo>
  /** Runs commands whose success is silence. What stands in one element goes in one message. */
  run(commands: readonly string[]): Promise<void>
  changeMap(file: string, change: MapChange, all: ReadonlyMap<string, string>): Promise<void>
  servers(): Promise<ListedServer[]>
  backends(): Promise<string[]>
  map(file: string): Promise<Map<string, string>>
  /** The certificate files that it has, and which hosts each line of their list is for. */
  certificates(): Promise<{ readonly files: readonly string[]; readonly lines: readonly CertificateLine[] }>
  /** Loads `pem` as `file`, for no host yet. */
  addCertificate(file: string, pem: string): Promise<void>
  addCertificateLines(lines: readonly Omit<CertificateLine, 'number'>[]): Promise<void>
  /** Of the servers of these slots; of all without. */
  load(slots?: readonly string[]): Promise<ServerLoad[]>
  /** What earlier workers, left over by reloads, still carry. Undefined where there are none. */
  oldLoad(): Promise<ServerLoad[] | undefined>
  reload(): Promise<void>
}

// HAProxy drops what exceeds its buffer of 16 KB without a word.
const messageBytes = 12_000
const answerTimeoutMs = 5_000
const fewSlots = 50

/** A client of the HAProxy that runs with the sockets in `paths`. Opens a connection for each question. */
export function createHaproxy(paths: RouterPaths): Haproxy {
  const ask = (command: string): Promise<string> => talk(paths.adminSocket, command)

  const run = async (commands: readonly string[]): Promise<void> => {
    for (const message of messages(commands)) refuseErrors(await ask(message))
  }

  const addToMap = async (target: string, entries: Iterable<readonly [string, string]>): Promise<void> => {
    for (const lines of chunks(
      [...entries].map(([key, value]) => `${key} ${value}`),
      '\n',
    )) {
      refuseErrors(await ask(`add map ${target} <<\n${lines}\n`))
    }
  }

  return {
    run,
    async info() {
      const text = await ask('show info')
      const pid = Number(/^Pid: (\d+)$/m.exec(text)?.[1])
      if (!pid) throw new HaproxyError('show info names no pid')
      return { pid, description: /^description: (.*)$/m.exec(text)?.[1] ?? '' }
    },
    async changeMap(file, change, all) {
      if (change.set.length + change.remove.length > 100) {
        const version = /New version created: (\d+)/.exec(await ask(`prepare map ${file}`))?.[1]
        if (!version) throw new HaproxyError(`can't prepare ${file}`)
        await addToMap(`@${version} ${file}`, all)
        refuseErrors(await ask(`commit map @${version} ${file}`))
        return
      }
      await addToMap(
        file,
        change.set.filter(({ isNew }) => isNew).map(({ key, value }) => [key, value] as const),
      )
      await run([
        ...change.set
          .filter(({ isNew }) => !isNew)
          .map(({ key, value }) => `set map ${file} ${key} ${value}`),
        ...change.remove.map((key) => `del map ${file} ${key}`),
      ])
    },
    async servers() {
      return rows(await ask('show servers state')).map((row) => ({
        slot: row[1] ?? '',
        name: row[3] ?? '',
        address: `${row[4]}:${row[18]}`,
        state: serverState(Number(row[6])),
      }))
    },
    async backends() {
      return rows(await ask('show backend')).map((row) => row[0] ?? '')
    },
    async map(file) {
      const entries = rows(await ask(`show map ${file}`))
      return new Map(entries.map((row) => [row[1] ?? '', row[2] ?? '']))
    },
    async certificates() {
      const files = rows(await ask('show ssl cert')).map((row) => row[0] ?? '')
      const lines = rows(await ask(`show ssl crt-list -n ${paths.certificateList}`)).map((row) => {
        const [, file = '', number] = /^(.*):(\d+)$/.exec(row[0] ?? '') ?? []
        return { file, host: row.at(-1) ?? '', number: Number(number) }
      })
      return { files, lines }
    },
    async addCertificate(file, pem) {
      const refuse = (answer: string, success: RegExp): void => {
        if (!success.test(answer)) throw new HaproxyError(`HAProxy refused ${file}: ${answer.trim()}`)
      }
      refuse(await ask(`new ssl cert ${file}`), /^New empty certificate store/)
      try {
        refuse(await ask(`set ssl cert ${file} <<\n${pem.trim()}\n`), /^Transaction created/)
        refuse(await ask(`commit ssl cert ${file}`), /Success!/)
      } catch (error) {
        // One transaction at a time: what is left of this one would refuse the next.
        await ask(`abort ssl cert ${file}`)
        await ask(`del ssl cert ${file}`)
        throw error
      }
    },
    async addCertificateLines(lines) {
      for (const { file, host } of lines) {
        const answer = await ask(`add ssl crt-list ${paths.certificateList} <<\n${file} ${host}\n`)
        if (!answer.includes('Success!')) throw new HaproxyError(`HAProxy refused ${file}: ${answer.trim()}`)
      }
    },
    async load(slots) {
      // Of a few slots: with a thousand apps all of them take HAProxy longer than a swap.
      const few = slots && slots.length <= fewSlots
      const questions = few ? slots.map((slot) => `show servers conn ${slot}`) : ['show servers conn']
      return loads(await ask(questions.join(';')))
    },
    async oldLoad() {
      const processes = await talk(paths.masterSocket, 'show proc')
      const old = processes.split('# old workers')[1]?.split('# programs')[0]
      const pids = rows(old ?? '').flatMap((row) => (row[1] === 'worker' ? [Number(row[0])] : []))
      if (pids.length === 0) return undefined
      const answers = await Promise.all(
        pids.map((pid) => talk(paths.masterSocket, `@!${pid} show servers conn`)),
      )
      return answers.flatMap(loads)
    },
    async reload() {
      await talk(paths.masterSocket, 'reload')
    },
  }
}

function talk(path: string, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const parts: Buffer[] = []
    const fail = (reason: string): void => {
      socket.destroy()
      reject(new HaproxyError(reason))
    }
    socket.setTimeout(answerTimeoutMs, () => fail('HAProxy does not answer'))
    socket.on('error', (error) => fail(`HAProxy is not reachable: ${error.message}`))
    socket.on('data', (part) => parts.push(part))
    socket.on('end', () => resolve(Buffer.concat(parts).toString()))
    socket.on('close', () => reject(new HaproxyError('HAProxy closed its socket')))
    socket.end(`${message}\n`)
  })
}

const silent =
  /^(New server registered\.|Server deleted\.|Entry '.*' deleted in crtlist '.*'!|Certificate '.*' deleted!|)$/

function refuseErrors(answer: string): void {
  const refusal = answer.split('\n').find((line) => !silent.test(line.trim()))
  if (refusal !== undefined) throw new HaproxyError(`HAProxy refused: ${refusal}`)
}

function* messages(commands: readonly string[]): Generator<string> {
  const divisible = commands.flatMap((command) =>
    command.length > messageBytes ? command.split(';') : [command],
  )
  yield* chunks(divisible, ';')
}

function* chunks(parts: readonly string[], separator: string): Generator<string> {
  let chunk: string[] = []
  let bytes = 0
  for (const part of parts) {
    if (bytes + part.length > messageBytes && chunk.length > 0) {
      yield chunk.join(separator)
      chunk = []
      bytes = 0
    }
    chunk.push(part)
    bytes += part.length + 1
  }
  if (chunk.length > 0) yield chunk.join(separator)
}

/** The words of each line that is neither a comment nor a mere number (the version that opens some answers). */
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !/^\d+$/.test(line))
    .map((line) => line.split(/\s+/))

function serverState(adminState: number): ServerState {
  if (adminState & 0x67) return 'maint'
  return adminState & 0x18 ? 'drain' : 'ready'
}

const loads = (text: string): ServerLoad[] =>
  rows(text).map((row) => ({
    slot: row[0]?.split('/')[0] ?? '',
    name: row[0]?.split('/')[1] ?? '',
    address: `${row[2]}:${row[3]}`,
    inFlight: Number(row[6]),
  }))
