import type { Readable, Writable } from 'node:stream'
import { noObject } from './object-name.ts'
import { flushPacket, PacketReader, packet } from './pkt-line.ts'
import { printable } from './printable.ts'

export type Update = {
  /** Full name, below refs/heads. */
  readonly ref: string
  /** 40 zeros: the branch is new. */
  readonly from: string
  /** 40 zeros: the branch is to be deleted. */
  readonly to: string
}

export type PushRequest = {
  readonly updates: readonly Update[]
  readonly options: readonly string[]
  readonly atomic: boolean
}

export type Verdict =
  | {
      readonly ref: string
      readonly ok: true
      /** The ref that was written in place of the pushed one, which stays where it is: so git reports it. */
      readonly as?: string
    }
  | { readonly ref: string; readonly ok: false; readonly reason: string }

/** Why a branch is refused that is sound itself. */
export const atomicReason = 'atomic push: another ref was refused'

/**
 * Speaks git's proc-receive protocol, version 1, over the hook's relayed streams: hands the request to `decide`
 * and answers with its verdicts. A branch without a verdict is refused.
 * Throws when the streams end or speak otherwise; without an answer git refuses the push.
 */
export async function procReceive(
  streams: { readonly input: Readable; readonly output: Writable },
  decide: (request: PushRequest) => Promise<readonly Verdict[]>,
): Promise<void> {
  const reader = new PacketReader(streams.input)
  const greeting = await reader.firstPacket()
  // A push without branches never runs the hook.
  if (greeting === undefined) return
  await reader.section()
  const [version, features = ''] = greeting.split('\0')
  if (version !== 'version=1') throw new Error(`proc-receive: git speaks ${JSON.stringify(version)}`)
  const offered = features.split(' ')
  const hasOptions = offered.includes('push-options')
  streams.output.write(
    Buffer.concat([packet(hasOptions ? 'version=1\0push-options' : 'version=1'), flushPacket]),
  )

  const updates = (await reader.section()).map(updateOf)
  const options = hasOptions ? await reader.section() : []
  const sound = updates.filter(isSound)
  const atomic = offered.includes('atomic')
  const verdicts =
    sound.length === 0
      ? []
      : atomic && sound.length < updates.length
        ? sound.map(({ ref }): Verdict => ({ ref, ok: false, reason: atomicReason }))
        : await decide({ updates: sound, options, atomic })

  const answers = updates.flatMap((update) => {
    if (!isSound(update)) return packet(`ng ${update.ref} not a valid branch name`)
    const verdict = verdicts.find((each) => each.ref === update.ref)
    if (verdict?.ok === true) {
      const instead =
        verdict.as === undefined ? [] : [`option refname ${verdict.as}`, `option old-oid ${noObject}`]
      return [`ok ${update.ref}`, ...instead].map((line) => packet(line))
    }
    return packet(`ng ${update.ref} ${reasonLine(verdict?.reason ?? 'no verdict')}`)
  })
  streams.output.end(Buffer.concat([...answers, flushPacket]))
}

function updateOf(line: string): Update {
  const [, from, to, ref] = /^([0-9a-f]{40}) ([0-9a-f]{40}) (.+)$/s.exec(line) ?? []
  if (from === undefined || to === undefined || ref === undefined) {
    throw new Error('proc-receive: malformed command')
  }
  return { ref, from, to }
}

/** What `git check-ref-format` says, and no deletion of what is not there. */
function isSound({ ref, from, to }: Update): boolean {
  return (
    ref.length <= 255 &&
    /^refs\/heads\/[^\0-\x20\x7f~^:?*[\\]+$/.test(ref) &&
    !/\.\.|@\{|\/\/|\/\.|\.lock(\/|$)|[/.]$/.test(ref) &&
    !/^refs\/heads\/(-|HEAD$)/.test(ref) &&
    !(from === noObject && to === noObject)
  )
}

function reasonLine(reason: string): string {
  return (
    printable(reason)
      .replace(/\x1b\[[0-9;:]*m/g, '')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 300) || 'refused'
  )
}
