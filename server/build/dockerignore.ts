import { posix } from 'node:path'
import { UserError } from '../errors.ts'

/**
 * Reads a `.dockerignore` and returns whether a path of the context is left out, by Docker's rules: the last
 * pattern that matches the path or a folder above it decides. `UserError` for a pattern that Docker would refuse.
 * The work for a path is bounded by its length times the file's: the file is a stranger's, so no regular
 * expressions are made of it (`*a*a*a*a*b` would stop the server for minutes).
 */
export function dockerignore(text: string): (path: string) => boolean {
  if (text.length > longest) throw new UserError(`.dockerignore is longer than ${longest} characters`)
  const rules = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap(rule)
  return (path) => {
    const characters = [...path]
    let ignored = false
    for (const { negative, tokens } of rules) {
      // Only a rule that would change the answer is worth looking at.
      if (negative === ignored && matches(tokens, characters)) ignored = !negative
    }
    return ignored
  }
}

const longest = 32_768

type Rule = { readonly negative: boolean; readonly tokens: readonly Token[] }

/** A state of the matcher: what it takes to get to the next one. */
type Token =
  | { readonly kind: 'one'; readonly takes: (character: string) => boolean }
  /** `*`: anything within a name */
  | { readonly kind: 'name' }
  /** `**` at the end: anything */
  | { readonly kind: 'rest' }
  /** `**` before more: nothing, or what the following `inFolders` takes */
  | { readonly kind: 'folders' }
  /** anything up to a slash */
  | { readonly kind: 'inFolders' }

function rule(line: string, index: number): Rule[] {
  if (line.startsWith('#') || line.trim() === '') return []
  const negative = line.trim().startsWith('!')
  const pattern = clean(
    line
      .trim()
      .slice(negative ? 1 : 0)
      .trim(),
  )
  if (pattern === '') throw invalid(line, index)
  const tokens = tokensOf([...pattern])
  if (tokens === undefined) throw invalid(line, index)
  return [{ negative, tokens }]
}

const invalid = (line: string, index: number): UserError =>
  new UserError(`.dockerignore line ${index + 1} is not a valid pattern: ${line.trim()}`, {
    next: 'Correct the line and push again',
  })

/** As Go's filepath.Clean, and without the leading slash: patterns are relative to the context. */
function clean(pattern: string): string {
  if (pattern === '') return ''
  const cleaned = posix.normalize(pattern).replace(/(?<=.)\/$/, '')
  return cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned
}

function tokensOf(pattern: readonly string[]): Token[] | undefined {
  const tokens: Token[] = []
  let at = 0
  while (at < pattern.length) {
    const character = pattern[at] ?? ''
    at += 1
    if (character === '*' && pattern[at] === '*') {
      at += pattern[at + 1] === '/' ? 2 : 1
      if (at >= pattern.length) tokens.push({ kind: 'rest' })
      else if (tokens.at(-1)?.kind !== 'inFolders') tokens.push({ kind: 'folders' }, { kind: 'inFolders' })
    } else if (character === '*') {
      if (tokens.at(-1)?.kind !== 'name') tokens.push({ kind: 'name' })
    } else if (character === '?') {
      tokens.push({ kind: 'one', takes: (taken) => taken !== '/' })
    } else if (character === '[') {
      const range = rangeOf(pattern, at)
      if (range === undefined) return undefined
      tokens.push(range.token)
      at = range.end
    } else {
      const wanted = character === '\\' ? pattern[at++] : character
      if (wanted === undefined) return undefined
      tokens.push({ kind: 'one', takes: (taken) => taken === wanted })
    }
  }
  return tokens
}

/** `[a-z]`, `[^a-z]`, with backslashes before what is meant literally. `start` is behind the bracket. */
function rangeOf(pattern: readonly string[], start: number): { token: Token; end: number } | undefined {
  const negated = pattern[start] === '^'
  const ranges: (readonly [from: string, to: string])[] = []
  let at = start + (negated ? 1 : 0)
  const next = (): string | undefined => {
    if (pattern[at] === '\\') at += 1
    return pattern[at++]
  }
  while (pattern[at] !== ']' || ranges.length === 0) {
    if (pattern[at] === ']' || pattern[at] === '-') return undefined
    const from = next()
    const isRange = pattern[at] === '-'
    if (isRange) at += 1
    if (isRange && pattern[at] === ']') return undefined
    const to = isRange ? next() : from
    if (from === undefined || to === undefined) return undefined
    ranges.push([from, to])
  }
  const takes = (character: string): boolean =>
    character !== '/' && ranges.some(([from, to]) => from <= character && character <= to) !== negated
  return { token: { kind: 'one', takes }, end: at + 1 }
}

/** Whether the pattern matches the path or a folder above it; all ways to match are followed at once. */
function matches(tokens: readonly Token[], path: readonly string[]): boolean {
  let states = new Set<number>()
  enter(states, tokens, 0)
  for (const character of path) {
    if (character === '/' && states.has(tokens.length)) return true
    const next = new Set<number>()
    for (const state of states) step(next, tokens, state, character)
    if (next.size === 0) return false
    states = next
  }
  return states.has(tokens.length)
}

function enter(states: Set<number>, tokens: readonly Token[], state: number): void {
  states.add(state)
  const kind = tokens[state]?.kind
  if (kind === 'name' || kind === 'rest' || kind === 'folders') enter(states, tokens, state + 1)
  if (kind === 'folders') enter(states, tokens, state + 2)
}

function step(next: Set<number>, tokens: readonly Token[], state: number, character: string): void {
  const token = tokens[state]
  if (token === undefined) return
  if (token.kind === 'one' && token.takes(character)) enter(next, tokens, state + 1)
  if (token.kind === 'rest' || (token.kind === 'name' && character !== '/')) enter(next, tokens, state)
  if (token.kind === 'inFolders') {
    next.add(state)
    if (character === '/') enter(next, tokens, state + 1)
  }
}
