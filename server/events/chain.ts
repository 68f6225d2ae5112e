import { createHash } from 'node:crypto'

/** What the first line of all follows. */
export const beginning = { sequence: 0, hash: '0'.repeat(64) } as const

/** A place in the chain: the line of this number has this hash. */
export type Link = { readonly sequence: number; readonly hash: string }

/** The next line after `previous`: its number, `content`, the hash of the one before, and its own over all of that. */
export function sealed(content: object, previous: Link): { readonly line: string; readonly link: Link } {
  const sequence = previous.sequence + 1
  const body = JSON.stringify({ sequence, ...content, previous: previous.hash })
  const hash = createHash('sha256').update(body).digest('hex')
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}`, link: { sequence, hash } }
}

/**
 * What is wrong with `line` as the one that follows `previous`; the link that it is where nothing is.
 * @param previous undefined for the oldest line that is kept: what it follows is gone
 */
export function linkOf(line: string, previous: Link | undefined): Link | string {
  const [, body, hash = ''] = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/.exec(line) ?? []
  if (body === undefined) return 'it is not one of ours'
  if (createHash('sha256').update(`${body}}`).digest('hex') !== hash) return 'it was changed'
  const { sequence, previous: before } = JSON.parse(`${body}}`) as { sequence: number; previous: string }
  if (previous && (before !== previous.hash || sequence !== previous.sequence + 1))
    return `it does not follow line ${previous.sequence}`
  return { sequence, hash }
}
