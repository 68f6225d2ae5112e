import type { Call } from './command.ts'
import { configure } from './deploy/configure.ts'
import { nameDifference, namesInWords } from './deploy/release-difference.ts'
import { UsageError } from './errors.ts'
import { releaseLine } from './plan.ts'
import { type ConfigVars, parseConfigName, parseConfigVars, type Variables } from './state/config.ts'

/** Whether a word is `NAME=...`; what is before the first `=` is checked later, so that a bad name is named. */
export const looksLikePair = (word: string): boolean => word.includes('=')

/** `KEY=VALUE` words as config vars; the value is all after the first `=`, byte for byte. Throws `UsageError`. */
export function parsePairs(words: readonly string[], encoded: boolean): Variables {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=')
      if (at < 0)
        throw new UsageError(`"${word.slice(0, 60)}" is not KEY=VALUE`, {
          next: `Your own shell takes the first quotes away; quote twice: ssh paas "config:set KEY='two words'"`,
        })
      const name = parseConfigName(word.slice(0, at))
      const value = word.slice(at + 1)
      return [name, encoded ? decodeValue(name, value) : whole(name, value)]
    }),
  )
}

/** Runs `change` on the app's config as a release, and says what came of it. Values are never printed. */
export async function changeConfig(
  call: Call,
  change: (config: ConfigVars) => ConfigVars,
  description: string,
): Promise<void> {
  const { paas, out, app } = call
  const restart = !call.flags.has('no-restart')
  call.planned(() => {
    const today = paas.store.config.of(app.id)
    const difference = nameDifference(today, parseConfigVars(change(today)))
    return [namesInWords('config', difference), releaseLine(paas, app, { restart })]
  })
  const done = await configure(paas, { ...call.job, change, restart, description })
  const keys = Object.keys(done.config).sort()
  out.result({ app: app.name, release: done.version ? `v${done.version}` : null, keys }, () => {
    if (done.version) out.step(`${description}; v${done.version} serves`)
    else if (app.release === null) out.step(`${description}; it counts from the first deploy on`)
    else out.step(`${description}; pending until the next release`)
  })
}

/** Reads all of a command's stdin as UTF-8. */
export const readInput = async (call: Call): Promise<string> => utf8(await readBytes(call), 'The input')

/** Reads all of a command's stdin. Throws `UsageError` beyond 1 MiB. */
export async function readBytes(call: Call): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of call.stdin) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > 1024 * 1024) throw new UsageError('That is more than 1 MiB of input')
  }
  return Buffer.concat(chunks)
}

/** The value that `text` is the base64 of. Throws `UsageError`. */
export const decodeValue = (name: string, text: string): string =>
  utf8(decodeBytes(name, text), `The value of ${name}`)

/** The bytes that `text` is the base64 of. Throws `UsageError`. */
export function decodeBytes(name: string, text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== text.trim().replace(/=+$/, '')) {
    throw new UsageError(`The value of ${name} is not base64`, {
      next: 'Without --encoded values are taken as they are',
    })
  }
  return bytes
}

/** A command line reaches us decoded: bytes that were no UTF-8 are lost by then. */
function whole(name: string, value: string): string {
  if (value.includes('\ufffd')) {
    throw new UsageError(`The value of ${name} is not UTF-8 text`, {
      next: `If it really has U+FFFD in it: config:set ${name} - < FILE`,
    })
  }
  return value
}

function utf8(bytes: Buffer, what: string): string {
  const text = bytes.toString('utf8')
  if (Buffer.compare(Buffer.from(text), bytes) !== 0) throw new UsageError(`${what} is not UTF-8 text`)
  return text
}
